using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// A configuration section of which every key must be asked for: what is left over is unknown,
/// what cannot be read is a problem, and all problems are collected before anything is said.
/// </summary>
internal sealed class StrictSection(IConfiguration section, string path, List<string> problems)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public string Text(string key, string fallback) => Raw(key) ?? fallback;

    public string? OptionalText(string key) => Raw(key) is { Length: > 0 } value ? value : null;

    public int Number(string key, int fallback, int least, int most) =>
        Parse(key, fallback, $"a whole number from {least} to {most}",
            (string text, out int value) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);

    public double Share(string key, double fallback) =>
        Parse(key, fallback, "a number from 0 to 1",
            (string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1);

    public bool Switch(string key, bool fallback) =>
        Parse(key, fallback, "true or false", (string text, out bool value) => bool.TryParse(text, out value));

    public TimeSpan Duration(string key, TimeSpan fallback, TimeSpan least, TimeSpan most) =>
        Parse(key, fallback, $"a time from {least:c} to {most:c} as hours:minutes:seconds",
            (string text, out TimeSpan value) => text.Contains(':', StringComparison.Ordinal)
                & TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);

    public StrictSection Section(string key)
    {
        _known.Add(key);
        if (Scalar(section.GetSection(key)) is not null)
            problems.Add($"{Path(key)} must be a section or a list of its own, not a single value");
        return new StrictSection(section.GetSection(key), Path(key), problems);
    }

    /// <summary>Every key of this section with its text; nested sections are a problem.</summary>
    public Dictionary<string, string?> Texts()
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

    public List<string> List(string key)
    {
        return [.. Section(key).Texts().Values.OfType<string>().Where(value => value.Length > 0)];
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

    private T Parse<T>(string key, T fallback, string wanted, TryParse<T> tryParse)
    {
        var text = Raw(key);
        if (string.IsNullOrEmpty(text))
            return fallback;
        if (tryParse(text, out var value))
            return value;
        problems.Add($"{Path(key)} must be {wanted}, not \"{text}\"");
        return fallback;
    }

    private string? Raw(string key)
    {
        _known.Add(key);
        var child = section.GetSection(key);
        if (HasChildren(child))
            problems.Add($"{Path(key)} must be a single value");
        return child.Value;
    }

    private static string? Scalar(IConfigurationSection child) => HasChildren(child) || string.IsNullOrEmpty(child.Value) ? null : child.Value;

    private static bool HasChildren(IConfigurationSection child) => child.GetChildren().Any();
}
