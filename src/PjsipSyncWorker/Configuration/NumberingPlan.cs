namespace PjsipSyncWorker.Configuration;

/// <summary>How people of a country dial, so that a dialplan can turn what they dial into E.164 (<c>+COUNTRY NUMBER</c>).</summary>
/// <param name="CountryCode">The country code without +. Empty: national numbers go out as they were dialled.</param>
/// <param name="InternationalPrefix">Digits before the country code of a foreign number.</param>
/// <param name="National">The forms of a national number.</param>
/// <param name="Local">
/// Pattern of a number that is dialled without its area code, in the syntax of extensions.conf without the underscore; null when the
/// country has no such numbers.
/// </param>
/// <param name="EmergencyNumbers">Numbers that are dialled unchanged.</param>
public sealed record NumberingPlan(
    string CountryCode, string InternationalPrefix, IReadOnlyList<NationalForm> National, string? Local,
    IReadOnlyList<string> EmergencyNumbers)
{
    /// <summary>What <see cref="RenderSettings.NationalPrefix"/> says for a country without one.</summary>
    internal const string NoPrefix = "none";

    private const string WithZero = "0Z.";

    /// <summary>The plan of a configuration that names no country.</summary>
    private static readonly NumberingPlan Other = new("", "00", [new(WithZero, 1)], "ZXX.", ["112", "911"]);

    /// <summary>
    /// The plans by ISO code (ITU-T operational bulletins: international prefix, national prefix; national regulators: emergency
    /// numbers). NumberingPlanTests compares them with libphonenumber.
    /// </summary>
    private static readonly SortedDictionary<string, NumberingPlan> Countries = new(StringComparer.OrdinalIgnoreCase)
    {
        ["AT"] = Prefixed("43", "ZXX.", "112", "122", "133", "144"),
        ["AU"] = Prefixed("61", "ZXXXXXXX", "000", "106", "112") with { InternationalPrefix = "0011" },
        ["BE"] = Prefixed("32", null, "100", "101", "112"),
        ["CA"] = NorthAmerican("911"),
        ["CH"] = Prefixed("41", null, "112", "117", "118", "144"),
        ["CZ"] = Closed("420", ["ZXXXXXXXX"], "112", "150", "155", "156", "158"),
        ["DE"] = Prefixed("49", "ZXX.", "110", "112"),
        ["DK"] = Closed("45", ["ZXXXXXXX"], "112"),
        ["ES"] = Closed("34", ["ZXXXXXXXX"], "061", "062", "080", "085", "091", "092", "112"),
        ["FI"] = Prefixed("358", "ZXXX.", "112"),
        ["FR"] = Prefixed("33", null, "15", "17", "18", "112", "114", "115", "119", "196"),
        ["GB"] = Prefixed("44", "ZXXX.", "112", "999"),
        ["IE"] = Prefixed("353", "ZXXX.", "112", "999"),
        // The 0 of an Italian number is a part of it, also behind +39.
        ["IT"] = Closed("39", [WithZero, "3XXXXXXX."], "112", "113", "115", "118"),
        ["NL"] = Prefixed("31", "ZXXXX.", "112"),
        ["NO"] = Closed("47", ["ZXXXXXXX"], "110", "112", "113"),
        ["NZ"] = Prefixed("64", "ZXXXXXX", "111"),
        ["PL"] = Closed("48", ["ZXXXXXXXX"], "112", "997", "998", "999"),
        ["PT"] = Closed("351", ["ZXXXXXXXX"], "112"),
        ["SE"] = Prefixed("46", "ZXXX.", "112"),
        ["US"] = NorthAmerican("911"),
    };

    /// <summary>The countries whose plans are known, as ISO codes in alphabetical order.</summary>
    public static IReadOnlyCollection<string> KnownCountries => Countries.Keys;

    /// <summary>
    /// The plan that a configuration means: that of its <c>Country</c>, changed by the keys that are given beside it. A country that is
    /// not known counts as none.
    /// </summary>
    public static NumberingPlan Of(RenderSettings settings)
    {
        var plan = settings.Country is { } country && Countries.TryGetValue(country, out var known) ? known : Other;
        if (settings.CountryCode.Length > 0)
            plan = plan with { CountryCode = settings.CountryCode };
        if (settings.InternationalPrefix is { Length: > 0 } international)
            plan = plan with { InternationalPrefix = international };
        if (settings.NationalPrefix is { } national)
            plan = plan with { National = [FormOf(national)], Local = national == NoPrefix ? null : plan.Local ?? Other.Local };
        return settings.EmergencyNumbers.Count > 0 ? plan with { EmergencyNumbers = settings.EmergencyNumbers } : plan;
    }

    /// <summary>The form behind a prefix. Without a prefix a national number has eight digits or more.</summary>
    private static NationalForm FormOf(string prefix) => prefix switch
    {
        NoPrefix => new("ZXXXXXX.", 0),
        // Not 00, which is the international prefix of most countries.
        "0" => new(WithZero, 1),
        _ => new($"{prefix}X.", prefix.Length),
    };

    /// <summary>A country with 0 before national and 00 before foreign numbers.</summary>
    private static NumberingPlan Prefixed(string countryCode, string? local, params string[] emergency) =>
        new(countryCode, "00", [new(WithZero, 1)], local, emergency);

    /// <summary>A country in which each number is dialled in full, without a prefix.</summary>
    private static NumberingPlan Closed(string countryCode, string[] patterns, params string[] emergency) =>
        new(countryCode, "00", [.. patterns.Select(pattern => new NationalForm(pattern, 0))], null, emergency);

    private static NumberingPlan NorthAmerican(params string[] emergency) =>
        new("1", "011", [new("1NXXNXXXXXX", 1), new("NXXNXXXXXX", 0)], "NXXXXXX", emergency);
}

/// <summary>A form in which national numbers are dialled.</summary>
/// <param name="Pattern">The pattern in the syntax of extensions.conf, without the underscore.</param>
/// <param name="Prefix">Number of digits before the national number, which do not follow a country code.</param>
public sealed record NationalForm(string Pattern, int Prefix);
