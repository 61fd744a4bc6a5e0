using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Sections that nobody knows. In a file each is a mistake. The environment has variables of other programs, so that there only a
/// section that is nearly one of the worker's own is a mistake.
/// </summary>
internal static class UnknownSections
{
    /// <summary>The worker's own sections.</summary>
    private static readonly string[] Own = ["ConnectionStrings", "Source", "Realtime", "Asterisk", "Sync", "Metrics"];

    private static readonly string[] Known = [.. Own, LoggingRules.Section];

    /// <summary>The fewest letters of a section that a variable of another program does not resemble by chance.</summary>
    private const int FewestLetters = 6;

    /// <summary>Reports each.</summary>
    public static void Check(IConfiguration configuration, SettingsReading reading)
    {
        foreach (var section in configuration.GetChildren().Select(child => child.Key)
            .Where(key => !Known.Contains(key, StringComparer.OrdinalIgnoreCase)))
        {
            if (IsInFile(configuration, section) || IsMisspelled(configuration.GetSection(section)))
                reading.Problem(section, StrictSection.Unknown("", section, "sections", Known));
        }
        foreach (var key in configuration.GetSection(LoggingRules.Section).GetChildren()
            .Where(child => !LoggingRules.Keys.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            .Where(child => IsInFile(configuration, child.Path)))
            reading.Problem(key.Path, StrictSection.Unknown(" here", key.Key, "keys", LoggingRules.Keys));
    }

    private static bool IsInFile(IConfiguration configuration, string path)
    {
        var parent = ConfigurationPath.GetParentPath(path);
        return configuration is not IConfigurationRoot root || root.Providers.Any(provider => !SettingsSources.IsShared(provider)
            && provider.GetChildKeys([], parent).Contains(ConfigurationPath.GetSectionKey(path), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Whether a variable differs by an s from a section, or sets a key in something that is nearly a section.</summary>
    private static bool IsMisspelled(IConfigurationSection section) =>
        Own.Any(own => (section.Key + "s").Equals(own, StringComparison.OrdinalIgnoreCase) && own.Length > 4
            || (own + "s").Equals(section.Key, StringComparison.OrdinalIgnoreCase))
        || section.GetChildren().Any()
            && NearestName.Of(section.Key, Own.Where(own => own.Length >= FewestLetters)) is { } near
            && Math.Abs(near.Length - section.Key.Length) <= 1;
}
