using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>
/// Every key of the configuration: the reader says which it asks for, what each must be and what counts without it, and the
/// settings' own documentation what each is for.
/// </summary>
internal static partial class ConfigurationReference
{
    /// <summary>Which class has the settings of a section, and what that section is called in the reference.</summary>
    private static readonly (string Path, Type Settings, string Title)[] Sections =
    [
        ("ConnectionStrings", typeof(WorkerSettings), "ConnectionStrings"),
        ("Source", typeof(SourceSettings), "Source"),
        ("Realtime", typeof(RealtimeSettings), "Realtime"),
        ("Realtime:Defaults", typeof(OptionSet), "Realtime:Defaults and Realtime:Profiles:NAME"),
        ("Asterisk", typeof(AsteriskSettings), "Asterisk"),
        ("Asterisk:Nodes:0", typeof(NodeSettings), "Asterisk:Nodes, a list"),
        ("Asterisk:Render", typeof(RenderSettings), "Asterisk:Render, for render-config alone"),
        ("Sync", typeof(SyncSettings), "Sync"),
        ("Metrics", typeof(MetricsSettings), "Metrics"),
    ];

    /// <summary>Keys whose name is not that of the settings' property.</summary>
    private static readonly Dictionary<string, string> Properties = new(StringComparer.Ordinal)
    {
        ["ConnectionStrings:Postgres"] = nameof(WorkerSettings.ConnectionString),
        ["Sync:MaxRemoval:Share"] = nameof(SyncSettings.MaxRemovalShare),
        ["Sync:MaxRemoval:Count"] = nameof(SyncSettings.MaxRemovalCount),
    };

    private static readonly XDocument Xml = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker.xml"));

    /// <summary>A profile has the keys that the defaults have; they are shown once.</summary>
    private static readonly List<SettingKey> ProfileKeys = [];

    /// <summary>Every key that is read, one node's among them.</summary>
    public static IReadOnlyList<SettingKey> Keys { get; } = ReadKeys();

    public static string Render()
    {
        var text = new StringBuilder();
        foreach (var (path, type, title) in Sections)
        {
            text.Append(CultureInfo.InvariantCulture, $"### {title}\n\n");
            if (type != typeof(WorkerSettings))
                text.Append(CultureInfo.InvariantCulture, $"{Words(Member($"T:{type.FullName}").Element("summary")!)}\n\n");
            text.Append("| key | in the environment | value | default | meaning |\n| --- | --- | --- | --- | --- |\n");
            foreach (var key in Keys.Where(key => SectionOf(key.Path) == path))
                text.Append(CultureInfo.InvariantCulture, $"| `{Shown(key)}` | `{Shown(key).Replace(":", "__", StringComparison.Ordinal)}` | {key.Wanted} | {Default(key)} | {Meaning(key.Path)} |\n");
            text.Append('\n');
        }
        var realtime = SettingsReader.Read(new ConfigurationBuilder().Build()).Realtime;
        text.Append("### What an extension has when nobody says otherwise\n\n| | endpoint | auth | aor |\n| --- | --- | --- | --- |\n");
        foreach (var (name, options) in realtime.Profiles.Select(profile => ($"profile `{profile.Key}`", profile.Value))
            .Prepend(("every extension", realtime.Defaults)))
            text.Append(CultureInfo.InvariantCulture,
                $"| {name} | {Options(options.Endpoint)} | {Options(options.Auth)} | {Options(options.Aor)} |\n");
        return text.ToString();
    }

    /// <summary>Properties of the settings that no key is for.</summary>
    public static IEnumerable<string> WithoutKey()
    {
        var described = Keys.Select(key => (SectionOf(key.Path), PropertyOf(key.Path))).ToHashSet();
        foreach (var (path, type, _) in Sections.Where(section => section.Settings != typeof(WorkerSettings)))
            foreach (var property in type.GetConstructors()
                .Single(constructor => constructor.GetParameters() is [var first, ..] && first.ParameterType != type).GetParameters())
                if (!described.Contains((path, property.Name!)) && !Keys.Concat(ProfileKeys)
                    .Any(key => key.Path.StartsWith($"{path}:{property.Name}:", StringComparison.Ordinal)))
                    yield return $"{type.Name}.{property.Name}";
    }

    private static List<SettingKey> ReadKeys()
    {
        var keys = new List<SettingKey>();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Asterisk:Nodes:0:Secret"] = "x",
            ["Realtime:Profiles:NAME:Codecs"] = "x",
        }).Build();
        SettingsReader.Read(configuration, key =>
        {
            if (!keys.Any(other => other.Path == key.Path))
                keys.Add(key);
        });
        ProfileKeys.AddRange(keys.Where(key => key.Path.StartsWith("Realtime:Profiles:NAME:", StringComparison.Ordinal)));
        Assert.Equal(keys.Where(key => key.Path.StartsWith("Realtime:Defaults:", StringComparison.Ordinal))
            .Select(key => key.Path["Realtime:Defaults:".Length..]),
            ProfileKeys.Select(key => key.Path["Realtime:Profiles:NAME:".Length..]));
        return [.. keys.Except(ProfileKeys)];
    }

    private static string SectionOf(string key) =>
        Sections.Where(section => key.StartsWith($"{section.Path}:", StringComparison.Ordinal)).MaxBy(section => section.Path.Length).Path
            ?? throw new InvalidOperationException($"{key} is of no section that the reference knows");

    private static string PropertyOf(string key) => Properties.GetValueOrDefault(key) ?? key[(SectionOf(key).Length + 1)..].Split(':')[0];

    private static string Shown(SettingKey key) =>
        key.Path.Replace(":*", ":NAME", StringComparison.Ordinal) + (key.Wanted == "a list" ? ":0" : "");

    private static string Meaning(string key)
    {
        var property = PropertyOf(key);
        var type = Sections.Single(section => section.Path == SectionOf(key)).Settings;
        var found = Member($"T:{type.FullName}").Elements("param").FirstOrDefault(param => (string?)param.Attribute("name") == property);
        if (type == typeof(OptionSet) && found is null)
            found = Member($"F:{typeof(ShortOptions).FullName}.{property}").Element("summary");
        return Words(found ?? throw new InvalidOperationException($"{key}: {type.Name}.{property} has no documentation"));
    }

    private static string Default(SettingKey key)
    {
        if (key.Path.StartsWith("Realtime:Defaults:", StringComparison.Ordinal))
            return "see below";
        return string.IsNullOrEmpty(
            key.Default) ? "" : $"`{(key.Wanted == "true or false" ? key.Default.ToLowerInvariant() : key.Default)}`";
    }

    private static string Options(IReadOnlyDictionary<string, string?> options) =>
        string.Join(", ", options.OrderBy(option => option.Key, StringComparer.Ordinal)
            .Select(option => $"`{option.Key} = {option.Value}`"));

    private static XElement Member(string name) =>
        Xml.Descendants("member").FirstOrDefault(
            member => (string?)member.Attribute("name") == name) ?? throw new InvalidOperationException($"{name} has no documentation");

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
