using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Credentials of systemd: files that are named like an environment variable. The text of a file is the value, without the line ends that
/// an editor adds. An empty file counts as none.
/// </summary>
internal sealed class SettingsCredentials : ConfigurationProvider, IConfigurationSource
{
    /// <summary>Where systemd puts the credentials of the service while it runs. Root may read them.</summary>
    private const string RunningService = "/run/credentials/pjsip-sync-worker.service";

    /// <summary>The files that the unit takes its credentials from when it starts (systemd/pjsip-sync-worker.service).</summary>
    private static readonly (string Key, string File)[] Stored =
    [
        ("ConnectionStrings:Postgres", "/etc/credstore/pjsip-sync-worker.postgres"),
        ("Asterisk:Nodes:0:Secret", "/etc/credstore/pjsip-sync-worker.asterisk"),
    ];

    private readonly Dictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);

    private SettingsCredentials(IEnumerable<(string Key, string File)> files)
    {
        foreach (var (key, file) in files)
        {
            try
            {
                // The unit has empty credentials as defaults, so that systemd does not log that a file is missing.
                if (File.ReadAllText(file).TrimEnd('\r', '\n') is { Length: > 0 } text)
                    (Data[key], _files[key]) = (text, file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new SettingsException([$"{file}: {error.Message}"]);
            }
        }
    }

    /// <summary>Reads every file of a folder.</summary>
    /// <exception cref="SettingsException">The folder or a file cannot be read.</exception>
    public static SettingsCredentials In(string folder)
    {
        try
        {
            return new SettingsCredentials(Directory.EnumerateFiles(folder)
                .Select(file => (Path.GetFileName(file).Replace("__", ":", StringComparison.Ordinal), file)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"{folder} ($CREDENTIALS_DIRECTORY): {error.Message}"]);
        }
    }

    /// <summary>Reads what the service has, or would have if it were started. Empty where the service is not installed.</summary>
    public static SettingsCredentials OfService() =>
        Directory.Exists(RunningService) ? In(RunningService) : new SettingsCredentials(Stored.Where(stored => File.Exists(stored.File)));

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>The file that gives a key its value; null when none does.</summary>
    public string? PlaceOf(string key) => _files.GetValueOrDefault(key);
}
