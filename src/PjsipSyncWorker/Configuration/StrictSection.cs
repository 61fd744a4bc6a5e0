using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// A section of the configuration in which every key must be known and every value must be readable. Problems are collected,
/// so that all of them are reported at once.
/// </summary>
/// <param name="path">The section's place, for messages: <c>Sync:MaxRemoval</c>; empty for the root.</param>
/// <param name="reading">Receives values and problems. All sections share it.</param>
internal sealed class StrictSection(IConfiguration section, string path, SettingsReading reading)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The section's own key; empty for the root.</summary>
    public string Name => section is IConfigurationSection named ? named.Key : "";

    /// <summary>
    /// Fills in a settings record, and reports each key that neither the record declares nor <see cref="Section"/> was asked for.
    /// </summary>
    /// <param name="settings">A new record with the defaults. It is changed.</param>
    /// <returns><paramref name="settings"/>; what could not be read has its default.</returns>
    public T Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(T settings) where T : class
    {
        foreach (var setting in Setting.Of(typeof(T)))
            setting.Set(settings, ReadValue(setting, setting.Get(settings)));
        ReportUnknownKeys();
        return settings;
    }

    /// <summary>A section of this one. It is known from now on; a single value in its place is a problem.</summary>
    public StrictSection Section(string key)
    {
        _known.Add(key);
        var child = section.GetSection(key);
        if (!HasChildren(child) && !string.IsNullOrEmpty(child.Value))
            Problem(key, "must be a section or a list of its own, not a single value");
        return new StrictSection(child, PathOf(key), reading);
    }

    /// <summary>The sections of a list, in its order: <c>[ { … }, { … } ]</c>.</summary>
    public List<StrictSection> Sections(string key)
    {
        var list = Section(key);
        if (list.Names.All(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return list.Sections();
        Problem(key, "must be a list: [ { … } ]");
        return [];
    }

    /// <summary>All sections of this one, whatever their names.</summary>
    public List<StrictSection> Sections() => [.. Names.Select(Section)];

    /// <summary>Reports a problem with a key.</summary>
    /// <param name="text">Follows the key: <c>must be …</c>. Must not repeat a secret.</param>
    public void Problem(string key, string text) => reading.Problem(PathOf(key), text);

    /// <summary>Reports a secret that is needed and not given.</summary>
    public void MissingSecret(string key, string text) => reading.MissingSecret(PathOf(key), text);

    /// <summary>What is wrong with an unknown key: the nearest known one, and all of them.</summary>
    /// <param name="where">Empty, or a space and a place.</param>
    /// <param name="what">What the known ones are, in the plural.</param>
    public static string Unknown(string where, string name, string what, IEnumerable<string> known)
    {
        List<string> names = [.. known];
        var question = NearestName.Question(name, names);
        return $"is not known{where}{(question.Length == 0 ? "; the" : $"{question} The")} {what} are: {string.Join(", ", names)}";
    }

    private IEnumerable<string> Names => section.GetChildren().Select(child => child.Key);

    private string PathOf(string key) => path.Length == 0 ? key : $"{path}:{key}";

    private void ReportUnknownKeys()
    {
        foreach (var name in Names.Where(name => !_known.Contains(name)))
            Problem(name, Unknown(" here", name, "keys", _known.Order(StringComparer.Ordinal)));
    }

    /// <param name="fallback">The default. Null stands for an optional setting, which an empty text leaves unset.</param>
    private object? ReadValue(Setting setting, object? fallback)
    {
        if (setting.IsMap)
        {
            var map = Section(setting.Key).Texts();
            foreach (var (name, value) in map)
                reading.Record(PathOf($"{setting.Key}:{name}"), PathOf($"{setting.Key}:{name}"), setting.Show(value), isDefault: false);
            return map;
        }
        if (setting.IsList)
        {
            var texts = Section(setting.Key).Texts();
            List<string> given = [.. texts.Values.OfType<string>().Where(value => value.Length > 0)];
            var list = given.Count > 0 ? given : fallback;
            reading.Record(PathOf(given.Count > 0 ? $"{setting.Key}:{texts.Keys.First()}" : setting.Key), PathOf(setting.Key),
                setting.Show(list), isDefault: given.Count == 0);
            return list;
        }
        var (scalar, isDefault) = ReadScalar(setting, fallback);
        if (scalar is not null)
            reading.Record(PathOf(setting.Key), PathOf(setting.Key), setting.Show(scalar), isDefault);
        return scalar;
    }

    private (object? Value, bool IsDefault) ReadScalar(Setting setting, object? fallback)
    {
        _known.Add(setting.Key);
        var child = section.GetSection(setting.Key);
        if (HasChildren(child))
            Problem(setting.Key, "must be a single value");
        if (child.Value is not { } text)
            return (fallback, true);
        if (text.Length == 0)
            return fallback is string ? (text, false) : (fallback, true);
        if (setting.Parse(text) is { } value)
            return (value, false);
        Problem(setting.Key, $"must be {setting.Wanted}, not \"{text}\"");
        return (fallback, true);
    }

    /// <summary>The text of every key of this section, null for a JSON null; a section among them is a problem.</summary>
    private Dictionary<string, string?> Texts()
    {
        var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var child in section.GetChildren())
        {
            _known.Add(child.Key);
            if (HasChildren(child))
                Problem(child.Key, "must be a single value");
            else
                texts[child.Key] = child.Value;
        }
        return texts;
    }

    private static bool HasChildren(IConfigurationSection child) => child.GetChildren().Any();
}
