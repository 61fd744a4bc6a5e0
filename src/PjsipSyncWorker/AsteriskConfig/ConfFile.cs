namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>A configuration file as it is read: its sections in their order, with what they inherit.</summary>
internal sealed class ConfFile
{
    public List<ConfSection> Sections { get; } = [];

    /// <summary>What stands in the way of reading it: includes that are not there, programs that are not run here.</summary>
    public List<string> Problems { get; } = [];

    public ConfSection? Find(string name) => Sections.Find(section => section.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && !section.IsTemplate);
}

/// <summary>One <c>[section]</c>.</summary>
/// <param name="IsTemplate"><c>[name](!)</c>: for others to inherit from.</param>
internal sealed record ConfSection(string Name, bool IsTemplate)
{
    public List<ConfEntry> Entries { get; } = [];

    /// <summary>Every value of a key, in their order.</summary>
    public List<string> Values(string key) => [.. Entries.Where(entry => entry.Is(key)).Select(entry => entry.Value)];
}

/// <summary><c>key = value</c> or <c>key => value</c>.</summary>
internal readonly record struct ConfEntry(string Key, string Value)
{
    public bool Is(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);
}
