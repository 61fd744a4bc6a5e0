using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>A key in force.</summary>
/// <param name="Key">With its sections: <c>Sync:BatchSize</c>.</param>
/// <param name="Value">As text; a secret is masked.</param>
/// <param name="Place">Where it was given: <c>FILE:LINE</c>, <c>$VARIABLE</c>, a file. Null: it is the default.</param>
public sealed record SettingInForce(string Key, string Value, string? Place);

/// <summary>What reading the configuration has found so far.</summary>
internal sealed class SettingsReading(IConfiguration configuration)
{
    private readonly List<SettingInForce> _inForce = [];
    private readonly List<string> _problems = [];
    private readonly List<string> _missingSecrets = [];

    /// <summary>Whether the configuration may lack secrets, because another source is to add them.</summary>
    public bool MayLackSecrets { get; init; }

    /// <summary>One line for each problem, in the order of reading.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The keys with a value, in the order of reading.</summary>
    public IReadOnlyList<SettingInForce> InForce => _inForce;

    /// <summary>Keys of secrets that are not given, while <see cref="MayLackSecrets"/> is true.</summary>
    public IReadOnlyList<string> MissingSecrets => _missingSecrets;

    /// <summary>Reports a secret that is needed and not given.</summary>
    public void MissingSecret(string key, string text)
    {
        if (MayLackSecrets)
            _missingSecrets.Add(key);
        else
            Problem(key, text);
    }

    /// <summary>Reports a problem with a key, and where the key was given.</summary>
    public void Problem(string key, string text)
    {
        var place = SettingsSources.PlaceOf(configuration, key);
        _problems.Add($"{key} {text}{(place is null ? "" : $" ({place})")}");
    }

    /// <summary>Records the value of a key, in which secrets are masked.</summary>
    /// <param name="given">The key that was given: of a list, its first entry.</param>
    public void Record(string given, string key, string value, bool isDefault) =>
        _inForce.Add(new SettingInForce(key, value, isDefault ? null : SettingsSources.PlaceOf(configuration, given)));

    /// <summary>Records options that the configuration does not give.</summary>
    public void RecordDefaults(string section, OptionSet options)
    {
        foreach (var (table, columns) in new[] { ("Endpoint", options.Endpoint), ("Auth", options.Auth), ("Aor", options.Aor) })
        {
            foreach (var (column, value) in columns)
                _inForce.Add(new SettingInForce($"{section}:{table}:{column}", value ?? "", null));
        }
    }
}
