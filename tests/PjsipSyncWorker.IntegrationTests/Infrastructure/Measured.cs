using System.Globalization;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>Figures for docs/operate/reliability.md: <c>PJSIP_SYNC_TEST_MEASURED</c> names a file to which each run adds its own.</summary>
internal static class Measured
{
    public static Task Async(string what, TimeSpan took) => Async(string.Create(CultureInfo.InvariantCulture, $"{what}: {took.TotalMilliseconds:0} ms"));

    public static Task MegabytesAsync(string what, params long[] megabytes) => Async($"{what}: {string.Join(", ", megabytes)} MiB");

    /// <summary>Lines as they are.</summary>
    public static async Task TableAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await Async(line);
    }

    private static async Task Async(string line)
    {
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_MEASURED") is { Length: > 0 } file)
            await File.AppendAllTextAsync(file, line + "\n");
    }
}
