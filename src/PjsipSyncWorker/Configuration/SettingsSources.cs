using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>Where the configuration comes from: files, environment, systemd credentials.</summary>
public static class SettingsSources
{
    /// <summary>The file that is always read, if there is one.</summary>
    public const string DefaultFile = "/etc/pjsip-sync-worker/appsettings.json";

    /// <summary>
    /// Loads the layers. A later one overrides an earlier one: <see cref="DefaultFile"/>, <paramref name="file"/>,
    /// environment (<c>Section__Key</c>), systemd credentials (one file for each key in <c>$CREDENTIALS_DIRECTORY</c>).
    /// </summary>
    /// <param name="file">The file of <c>--config</c>, which must exist; null when none was given.</param>
    /// <exception cref="SettingsException"><paramref name="file"/> is missing, or a file cannot be read or is no JSON object.</exception>
    public static IConfigurationRoot Load(string? file)
    {
        var builder = new ConfigurationBuilder();
        try
        {
            builder.AddJsonFile(DefaultFile, optional: true);
            if (file is not null)
                builder.AddJsonFile(Path.GetFullPath(file), optional: false);
            builder.AddEnvironmentVariables();
            if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } credentials)
                builder.AddInMemoryCollection(ReadCredentials(credentials));
            return builder.Build();
        }
        catch (Exception e) when (e is FileNotFoundException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // The outer exception names the file, the innermost the fault and its line.
            throw new SettingsException([e.InnerException is null ? e.Message : $"{e.Message} {e.GetBaseException().Message}"]);
        }
    }

    /// <summary>
    /// A file is named like an environment variable; its text is the value, without the line end that an editor adds. An empty file counts
    /// as none: the unit has empty credentials as defaults, so that systemd does not log that a file is missing.
    /// </summary>
    private static Dictionary<string, string?> ReadCredentials(string directory) =>
        Directory.EnumerateFiles(directory)
            .Select(file => (Name: Path.GetFileName(file), Text: File.ReadAllText(file).TrimEnd('\r', '\n')))
            .Where(credential => credential.Text.Length > 0)
            .ToDictionary(
                credential => credential.Name.Replace("__", ":", StringComparison.Ordinal), credential => (string?)credential.Text);
}
