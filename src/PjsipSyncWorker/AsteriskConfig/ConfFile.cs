namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>A configuration file that was read: its sections in their order, each with the entries that it inherits.</summary>
internal sealed class ConfFile
{
    /// <summary>The sections in their order, templates among them.</summary>
    public List<ConfSection> Sections { get; } = [];

    /// <summary>Why parts of the file are unknown: an include is missing, or a program (#exec) is not run here.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The section of a name, in any letter case; null for none. Templates are not found.</summary>
    public ConfSection? Find(string name) =>
        Sections.Find(section => section.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && !section.IsTemplate);
}

/// <summary>One <c>[section]</c>.</summary>
/// <param name="IsTemplate">Whether other sections inherit from it, and Asterisk itself ignores it: <c>[name](!)</c>.</param>
internal sealed record ConfSection(string Name, bool IsTemplate)
{
    /// <summary>The entries in their order, inherited ones first.</summary>
    public List<ConfEntry> Entries { get; } = [];

    /// <summary>The values of a key in their order; empty for none.</summary>
    public List<string> Values(string key) => [.. Entries.Where(entry => entry.Is(key)).Select(entry => entry.Value)];
}

/// <summary><c>key = value</c> or <c>key => value</c>.</summary>
internal readonly record struct ConfEntry(string Key, string Value)
{
    /// <summary>Whether the entry has this key, in any letter case.</summary>
    public bool Is(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);
}
