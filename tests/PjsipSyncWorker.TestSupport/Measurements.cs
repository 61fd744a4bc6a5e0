using System.Globalization;

namespace PjsipSyncWorker.TestSupport;

/// <summary>Figures for docs/operate/reliability.md: <c>PJSIP_SYNC_TEST_MEASURED</c> names a file to which each run adds its own.</summary>
internal static class Measurements
{
    public static Task RecordAsync(string what, TimeSpan took) =>
        RecordAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: {took.TotalMilliseconds:0} ms"));

    public static Task MegabytesAsync(string what, params long[] megabytes) => RecordAsync($"{what}: {string.Join(", ", megabytes)} MiB");

    /// <summary>Records lines as they are.</summary>
    public static async Task TableAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await RecordAsync(line);
    }

    private static async Task RecordAsync(string line)
    {
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_MEASURED") is { Length: > 0 } file)
            await File.AppendAllTextAsync(file, line + "\n");
    }
}
