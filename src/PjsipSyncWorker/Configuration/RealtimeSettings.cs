using System.Globalization;

namespace PjsipSyncWorker.Configuration;

/// <summary>The tables that Asterisk reads.</summary>
public sealed record RealtimeSettings
{
    /// <summary>
    /// Schema of ps_endpoints, ps_auths, ps_aors and ps_contacts. Empty: the schema in which they are installed. The first <c>init</c> then
    /// uses <c>public</c> if ps_endpoints is there already, else <c>asterisk</c>, which no ORM touches.
    /// </summary>
    public string Schema { get; init; } = "";

    /// <summary>Options of every extension; a profile and the extension itself override them.</summary>
    public OptionSet Defaults { get; init; } = OptionSet.SafeDefaults;

    /// <summary>Named sets of options, chosen by an extension's column <c>profile</c>. They override the defaults.</summary>
    public IReadOnlyDictionary<string, OptionSet> Profiles { get; init; } = OptionSet.BuiltInProfiles;
}

/// <summary>Options of the three tables by column name. Null removes an option of a lower layer.</summary>
public sealed record OptionSettings
{
    /// <summary>Any column of ps_endpoints, by its name.</summary>
    public IReadOnlyDictionary<string, string?> Endpoint { get; init; } = new Dictionary<string, string?>();

    /// <summary>Any column of ps_auths, by its name.</summary>
    [Secret]
    public IReadOnlyDictionary<string, string?> Auth { get; init; } = new Dictionary<string, string?>();

    /// <summary>Any column of ps_aors, by its name.</summary>
    public IReadOnlyDictionary<string, string?> Aor { get; init; } = new Dictionary<string, string?>();

    /// <summary>Where a phone's calls enter the dialplan: <c>ps_endpoints.context</c>.</summary>
    public string? Context { get; init; }

    /// <summary>Codecs in order of preference, separated by commas: <c>ps_endpoints.allow</c>.</summary>
    public string? Codecs { get; init; }

    /// <summary>A transport of pjsip.conf: <c>ps_endpoints.transport</c>. Not given: any.</summary>
    public string? Transport { get; init; }

    /// <summary>Number of phones that may register with one number: <c>ps_aors.max_contacts</c>.</summary>
    [NumberRange(0, 1000)]
    public int? MaxContacts { get; init; }

    /// <summary>Seconds between two OPTIONS to each phone, 0 for none: <c>ps_aors.qualify_frequency</c>.</summary>
    [NumberRange(0, 86400)]
    public int? QualifyFrequency { get; init; }

    /// <summary>The options by column; a short name, such as <see cref="Codecs"/>, overrides its column.</summary>
    internal OptionSet ToOptionSet() => new(
        With(Endpoint, ("context", Context), ("allow", Codecs), ("transport", Transport)),
        With(Auth),
        With(Aor, ("max_contacts", Text(MaxContacts)), ("qualify_frequency", Text(QualifyFrequency))));

    private static Dictionary<string, string?> With(
        IReadOnlyDictionary<string, string?> columns, params ReadOnlySpan<(string Column, string? Value)> shortNames)
    {
        var options = new Dictionary<string, string?>(columns, StringComparer.Ordinal);
        foreach (var (column, value) in shortNames)
        {
            if (value is not null)
                options[column] = value;
        }
        return options;
    }

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
