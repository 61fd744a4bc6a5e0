using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace PjsipSyncWorker.Configuration;

/// <summary>Where the configuration comes from: files, environment, systemd credentials.</summary>
public static class SettingsSources
{
    /// <summary>The file that is always read, if there is one.</summary>
    public const string DefaultFile = "/etc/pjsip-sync-worker/appsettings.json";

    /// <summary>
    /// Loads the layers. A later one overrides an earlier one: <see cref="DefaultFile"/>, for root the credentials of the service,
    /// <paramref name="file"/>, environment (<c>Section__Key</c>), systemd credentials (one file for each key in
    /// <c>$CREDENTIALS_DIRECTORY</c>).
    /// </summary>
    /// <param name="file">The file of <c>--config</c>, which must exist; null when none was given.</param>
    /// <exception cref="SettingsException"><paramref name="file"/> is missing, or a file cannot be read or is no JSON object.</exception>
    public static IConfigurationRoot Load(string? file)
    {
        var builder = new ConfigurationBuilder();
        if (File.Exists(DefaultFile))
            builder.Add(SettingsFile.Read(DefaultFile));
        var own = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder ? folder : null;
        if (own is null && Environment.IsPrivilegedProcess)
            builder.Add(SettingsCredentials.OfService());
        if (file is not null)
            builder.Add(SettingsFile.Read(file));
        builder.AddEnvironmentVariables();
        if (own is not null)
            builder.Add(SettingsCredentials.In(own));
        return builder.Build();
    }

    /// <summary>Loads one file and nothing else, as if it were the only source.</summary>
    /// <exception cref="SettingsException">The file is missing, cannot be read or is no JSON object.</exception>
    public static IConfigurationRoot LoadAlone(string file) => new ConfigurationBuilder().Add(SettingsFile.Read(file)).Build();

    /// <summary>The files that were read, in their order.</summary>
    public static IEnumerable<string> Files(IConfigurationRoot configuration) =>
        configuration.Providers.OfType<SettingsFile>().Select(file => file.Path);

    /// <summary>Where a key got its value: <c>FILE:LINE</c>, <c>$VARIABLE</c> or the file of a credential. Null when it has none.</summary>
    public static string? PlaceOf(IConfiguration configuration, string key) =>
        (configuration as IConfigurationRoot)?.Providers.Reverse().FirstOrDefault(provider => provider.TryGet(key, out _)) switch
        {
            SettingsFile file => file.PlaceOf(key),
            SettingsCredentials credentials => credentials.PlaceOf(key),
            EnvironmentVariablesConfigurationProvider => $"${VariableOf(key)}",
            _ => null,
        };

    /// <summary>Whether other programs put keys of their own into this source, so that an unknown section is no mistake.</summary>
    internal static bool IsShared(IConfigurationProvider provider) =>
        provider is EnvironmentVariablesConfigurationProvider or SettingsCredentials;

    /// <summary>The variable as it is written, because letter case does not matter in a key.</summary>
    private static string VariableOf(string key)
    {
        var usual = key.Replace(":", "__", StringComparison.Ordinal);
        return Environment.GetEnvironmentVariables().Keys.OfType<string>()
            .FirstOrDefault(name => name.Equals(usual, StringComparison.OrdinalIgnoreCase)) ?? usual;
    }
}
