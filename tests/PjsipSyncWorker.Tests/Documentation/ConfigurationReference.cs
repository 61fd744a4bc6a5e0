using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>A key of the configuration, as docs/reference/configuration.md shows it.</summary>
/// <param name="Path">The key with its sections; <c>NAME</c> stands for any name, <c>0</c> for the first entry of a list.</param>
/// <param name="Default">The value when the key is not given; empty for none.</param>
internal sealed record DocumentedKey(string Path, string Wanted, string Default, string Meaning);

/// <summary>Every key of the configuration, as the settings records declare it, with its documentation.</summary>
internal static partial class ConfigurationReference
{
    /// <summary>Each section with a record that has its defaults, and the section's title in the reference.</summary>
    public static readonly (string Path, object Defaults, string Title)[] Sections =
    [
        ("ConnectionStrings", new ConnectionSettings(), "ConnectionStrings"),
        ("Source", new SourceSettings(), "Source"),
        ("Realtime", new RealtimeSettings(), "Realtime"),
        ("Realtime:Defaults", new OptionSettings(), "Realtime:Defaults and Realtime:Profiles:NAME"),
        ("Asterisk", new AsteriskSettings(), "Asterisk"),
        ("Asterisk:Nodes:0", new NodeSettings(), "Asterisk:Nodes, a list"),
        ("Asterisk:Render", new RenderSettings(), "Asterisk:Render, for render-config alone"),
        ("Sync", new SyncSettings(), "Sync"),
        ("Sync:MaxRemoval", new RemovalLimitSettings(), "Sync:MaxRemoval"),
        ("Metrics", new MetricsSettings(), "Metrics"),
    ];

    private static readonly XDocument Xml = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker.xml"));

    /// <summary>Every key, one node's among them. The keys of a profile are those of <c>Realtime:Defaults</c>.</summary>
    public static IEnumerable<DocumentedKey> Keys => Sections.SelectMany(section => KeysOf(section.Path, section.Defaults));

    public static string Render()
    {
        var text = new StringBuilder();
        foreach (var (path, defaults, title) in Sections)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"### {title}\n\n{Words(Member($"T:{defaults.GetType().FullName}").Element("summary")!)}\n\n");
            text.Append("| key | in the environment | value | default | meaning |\n| --- | --- | --- | --- | --- |\n");
            foreach (var key in KeysOf(path, defaults))
            {
                var variable = key.Path.Replace(":", "__", StringComparison.Ordinal);
                text.Append(CultureInfo.InvariantCulture,
                    $"| `{key.Path}` | `{variable}` | {key.Wanted} | {key.Default} | {key.Meaning} |\n");
            }
            text.Append('\n');
        }
        var realtime = new RealtimeSettings();
        text.Append("### What an extension has when nobody says otherwise\n\n| | endpoint | auth | aor |\n| --- | --- | --- | --- |\n");
        foreach (var (name, options) in realtime.Profiles.Select(profile => ($"profile `{profile.Key}`", profile.Value))
            .Prepend(("every extension", realtime.Defaults)))
            text.Append(CultureInfo.InvariantCulture,
                $"| {name} | {Options(options.Endpoint)} | {Options(options.Auth)} | {Options(options.Aor)} |\n");
        return text.ToString();
    }

    private static IEnumerable<DocumentedKey> KeysOf(string path, object defaults) =>
        from setting in Setting.Of(defaults.GetType())
        let key = $"{path}:{setting.Key}{(setting.IsMap ? ":NAME" : setting.IsList ? ":0" : "")}"
        let meaning = Member($"P:{defaults.GetType().FullName}.{setting.Key}").Element("summary")!
        let value = defaults is OptionSettings ? "see below" : Default(setting.Get(defaults))
        select new DocumentedKey(key, setting.Wanted, value, Words(meaning));

    private static string Default(object? value)
    {
        var text = value switch
        {
            bool flag => flag ? "true" : "false",
            IReadOnlyList<string> list => string.Join(", ", list),
            IReadOnlyDictionary<string, string> => "",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
        return string.IsNullOrEmpty(text) ? "" : $"`{text}`";
    }

    private static string Options(IReadOnlyDictionary<string, string?> options) =>
        string.Join(", ",
            options.OrderBy(option => option.Key, StringComparer.Ordinal).Select(option => $"`{option.Key} = {option.Value}`"));

    private static XElement Member(string name) =>
        Xml.Descendants("member").FirstOrDefault(member => (string?)member.Attribute("name") == name)
            ?? throw new InvalidOperationException($"{name} has no documentation");

    /// <summary>A documentation comment as Markdown on one line.</summary>
    private static string Words(XElement element) => Space().Replace(string.Concat(element.Nodes().Select(node => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement other => $"`{((string?)other.Attribute("cref") ?? other.Value).Split('.')[^1]}`",
        _ => node.ToString(),
    })), " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
