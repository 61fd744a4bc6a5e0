namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What happens in one round of the soak.</summary>
/// <param name="Application">Seed of what the application writes.</param>
/// <param name="Phones">Seed of what the phones do.</param>
/// <param name="Chance">Seed of what the fault leaves to chance.</param>
internal readonly record struct SoakRound(string Fault, int Application, int Phones, int Chance)
{
    /// <summary>The rounds of a seed, for ever. How long each takes changes nothing of the next ones.</summary>
    public static IEnumerable<SoakRound> Of(int seed)
    {
        string[] faults = [.. Faults.OfTheDatabase.Keys.Concat(Faults.OfAsterisk.Keys).Order(StringComparer.Ordinal)];
        for (var random = new Random(seed); ;)
            yield return new SoakRound(faults[random.Next(faults.Length)], random.Next(), random.Next(), random.Next());
    }
}
