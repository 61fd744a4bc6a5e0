using System.Globalization;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>Figures for docs/reliability.md: <c>PJSIP_SYNC_TEST_MEASURED</c> names a file to which each run adds its own.</summary>
internal static class Measured
{
    public static async Task Async(string what, TimeSpan took)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{what}: {took.TotalMilliseconds:0} ms");
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_MEASURED") is { Length: > 0 } file)
            await File.AppendAllTextAsync(file, line + "\n");
    }
}
