using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Configuration;

/// <summary>Rules for the section Logging, which the host reads: a level that is none would end the daemon with an exception.</summary>
internal static class LoggingRules
{
    /// <summary>The section.</summary>
    public const string Section = "Logging";

    /// <summary>The keys of the section, as docs/reference/configuration.md lists them, and the one for the console alone.</summary>
    public static readonly string[] Keys = ["LogLevel", "Format", "Console"];

    /// <summary>Reports each level that is none, and records the keys that are given.</summary>
    public static void Check(IConfiguration configuration, SettingsReading reading)
    {
        foreach (var leaf in Leaves(configuration.GetSection(Section)))
        {
            if (leaf.Value is not { } value)
                continue;
            if (leaf.Path.Contains(":LogLevel:", StringComparison.OrdinalIgnoreCase) && !Enum.TryParse<LogLevel>(value, true, out _))
                reading.Problem(leaf.Path, $"must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}, not \"{value}\"");
            else
                reading.Record(leaf.Path, leaf.Path, value, isDefault: false);
        }
    }

    private static IEnumerable<IConfigurationSection> Leaves(IConfigurationSection section)
    {
        var children = section.GetChildren().ToList();
        return children.Count == 0 ? [section] : children.SelectMany(Leaves);
    }
}
