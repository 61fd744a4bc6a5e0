using System.Globalization;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Settings and states that the tests of announcements share.</summary>
internal static class AnnouncementRig
{
    /// <summary>These phones answer no OPTIONS while they wait.</summary>
    public const string Unqualified = """'{"aor":{"qualify_frequency":0}}'""";

    /// <summary>Only Asterisk knows which files are on its disk.</summary>
    public const string NoSuchFile = """'{"endpoint":{"dtls_cert_file":"/nowhere/certificate.pem"}}'""";

    /// <summary>Waits until an Asterisk has reported this device state of the extension.</summary>
    public static Task LampAsync(TestDatabase database, string number, string state, TimeSpan? patience = null) =>
        Eventually.Equal(state, () => database.ScalarAsync<string>(
            "select state from pjsip_sync.device where endpoint = $1 order by state = $2 desc limit 1", number, state), patience);

    /// <summary>The sum of a metric over its labels; 0 when it is not there.</summary>
    public static async Task<double> CountAsync(int port, string metric)
    {
        using var http = new HttpClient();
        return (await http.GetStringAsync($"http://localhost:{port}/metrics")).Split('\n')
            .Where(line => line.StartsWith(metric + "{", StringComparison.Ordinal)
                || line.StartsWith(metric + " ", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));
    }
}
