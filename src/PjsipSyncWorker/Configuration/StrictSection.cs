using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// A configuration section of which every key must be asked for: what is left over is unknown,
/// what cannot be read is a problem, and all problems are collected before anything is said.
/// </summary>
/// <param name="onKey">Told of every key that is asked for: docs/reference/configuration.md is made of that.</param>
internal sealed class StrictSection(IConfiguration section, string path, List<string> problems, Action<SettingKey>? onKey = null)
{
    private const string AnyText = "text";

    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public string Text(string key, string fallback) => Raw(key, AnyText, fallback) ?? fallback;

    public string? OptionalText(string key) => Raw(key, AnyText, null) is { Length: > 0 } value ? value : null;

    public int Number(string key, int fallback, int least, int most) => WholeNumber(key, fallback, least, most) ?? fallback;

    public int? OptionalNumber(string key, int least, int most) => WholeNumber(key, null, least, most);

    public double Share(string key, double fallback) =>
        Parse<double>(key, fallback, "a number from 0 to 1",
            (string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1) ?? fallback;

    public bool Switch(string key, bool fallback) =>
        Parse<bool>(key, fallback, "true or false", (string text, out bool value) => bool.TryParse(text, out value)) ?? fallback;

    public TimeSpan Duration(string key, TimeSpan fallback, TimeSpan least, TimeSpan most) =>
        Parse<TimeSpan>(key, fallback, $"a time from {least:c} to {most:c} as hours:minutes:seconds",
            (string text, out TimeSpan value) => text.Contains(':', StringComparison.Ordinal)
                & TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value) && value >= least && value <= most) ?? fallback;

    public StrictSection Section(string key)
    {
        _known.Add(key);
        if (Scalar(section.GetSection(key)) is not null)
            problems.Add($"{Path(key)} must be a section or a list of its own, not a single value");
        return new StrictSection(section.GetSection(key), Path(key), problems, onKey);
    }

    /// <summary>Every key of this section with its text; nested sections are a problem.</summary>
    public Dictionary<string, string?> Texts()
    {
        onKey?.Invoke(new SettingKey(Path("*"), AnyText, null));
        return AllTexts();
    }

    private Dictionary<string, string?> AllTexts()
    {
        var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var child in section.GetChildren())
        {
            _known.Add(child.Key);
            if (HasChildren(child))
                problems.Add($"{Path(child.Key)} must be a single value");
            else
                texts[child.Key] = child.Value;
        }
        return texts;
    }

    /// <summary>The sections of a list: <c>[ { … }, { … } ]</c>.</summary>
    public List<StrictSection> Sections(string key)
    {
        var list = Section(key);
        if (section.GetSection(key).GetChildren().All(child => int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return list.Sections();
        Problem(key, "must be a list: [ { … } ]");
        return [];
    }

    public List<StrictSection> Sections()
    {
        var sections = new List<StrictSection>();
        foreach (var child in section.GetChildren())
        {
            sections.Add(Section(child.Key));
        }
        return sections;
    }

    /// <param name="fallback">What an empty list, or none, stands for.</param>
    public List<string> List(string key, params string[] fallback)
    {
        onKey?.Invoke(new SettingKey(Path(key), "a list", string.Join(", ", fallback)));
        List<string> given = [.. Section(key).AllTexts().Values.OfType<string>().Where(value => value.Length > 0)];
        return given.Count > 0 ? given : [.. fallback];
    }

    public string Name => section is IConfigurationSection named ? named.Key : "";

    public string Path(string key) => path.Length == 0 ? key : $"{path}:{key}";

    public void Problem(string key, string text) => problems.Add($"{Path(key)} {text}");

    /// <summary>Says which keys nobody asked for.</summary>
    public void NothingElse()
    {
        foreach (var child in section.GetChildren().Where(child => !_known.Contains(child.Key)))
            problems.Add($"{Path(child.Key)} is not known here; the keys are: {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
    }

    private delegate bool TryParse<T>(string text, out T value);

    private int? WholeNumber(string key, int? fallback, int least, int most) =>
        Parse(key, fallback, $"a whole number from {least} to {most}",
            (string text, out int value) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);

    private T? Parse<T>(string key, T? fallback, string wanted, TryParse<T> tryParse) where T : struct
    {
        var text = Raw(key, wanted, fallback is null ? null : string.Format(CultureInfo.InvariantCulture, "{0}", fallback));
        if (string.IsNullOrEmpty(text))
            return fallback;
        if (tryParse(text, out var value))
            return value;
        problems.Add($"{Path(key)} must be {wanted}, not \"{text}\"");
        return fallback;
    }

    private string? Raw(string key, string wanted, string? fallback)
    {
        _known.Add(key);
        onKey?.Invoke(new SettingKey(Path(key), wanted, fallback));
        var child = section.GetSection(key);
        if (HasChildren(child))
            problems.Add($"{Path(key)} must be a single value");
        return child.Value;
    }

    private static string? Scalar(IConfigurationSection child) => HasChildren(child) || string.IsNullOrEmpty(child.Value) ? null : child.Value;

    private static bool HasChildren(IConfigurationSection child) => child.GetChildren().Any();
}

/// <summary>A key that the configuration may have.</summary>
/// <param name="Path">With its sections: <c>Sync:BatchSize</c>; <c>*</c> stands for any name.</param>
/// <param name="Wanted">What its value must be, in words.</param>
/// <param name="Default">What counts when it is not given; null or empty for nothing.</param>
internal sealed record SettingKey(string Path, string Wanted, string? Default);
