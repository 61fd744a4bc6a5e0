namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>An extension as its phone knows it.</summary>
internal sealed record Phone(string Number, string Password)
{
    /// <summary>The extensions of <see cref="Insert"/>.</summary>
    public static IEnumerable<Phone> Range(int first, int count) =>
        Enumerable.Range(first, count).Select(number => new Phone($"{number}", $"secret{number}"));

    /// <summary>The statement with which an application makes them.</summary>
    public static string Insert(int first, int count) =>
        $"""
            insert into extensions (number, password, display_name) select g::text, 'secret' || g, 'Phone ' || g
              from generate_series({first}, {first + count - 1}) g
            """;
}
