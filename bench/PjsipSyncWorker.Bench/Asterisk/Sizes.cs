using System.Globalization;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>How large the scenarios of this group are. The header of <c>scripts/bench.sh</c> has the variables.</summary>
internal static class Sizes
{
    /// <summary>Phones of the scenarios that register and call.</summary>
    public static int Phones { get; } = Number("PHONES", 2000);

    /// <summary>Registrations over which processor time is measured: it is counted in ticks of 10 ms.</summary>
    public static int Registers { get; } = Number("REGISTERS", 4000);

    public static int Calls { get; } = Number("CALLS", 1000);

    /// <summary>Among how many one new extension is announced, the baseline first.</summary>
    public static IReadOnlyList<int> Among { get; } = [.. Text("AMONG", "100,1000,10000").Split(',').Select(Parse)];

    /// <summary>How many new extensions at once, among how many.</summary>
    public static IReadOnlyList<(int New, int Among)> AtOnce { get; } =
        [.. Text("AT_ONCE", "500/2000,10000/10000").Split(',').Select(pair => pair.Split('/'))
            .Select(pair => (Parse(pair[0]), Parse(pair[1])))];

    public static int Boot { get; } = Number("BOOT", 10_000);

    /// <summary>How long a scenario waits for anything that should take seconds.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(Number("LIMIT", 600));

    private static string Text(string name, string otherwise) =>
        Environment.GetEnvironmentVariable($"PJSIP_SYNC_BENCH_{name}") is { Length: > 0 } given ? given : otherwise;

    private static int Number(string name, int otherwise) => Parse(Text(name, otherwise.ToString(CultureInfo.InvariantCulture)));

    private static int Parse(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
