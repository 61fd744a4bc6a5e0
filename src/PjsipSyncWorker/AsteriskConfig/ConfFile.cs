namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>A configuration file that was read: its sections in their order, each with the entries that it inherits.</summary>
internal sealed class ConfFile
{
    /// <summary>The sections in their order, templates among them. Several sections may have one name.</summary>
    public List<ConfSection> Sections { get; } = [];

    /// <summary>Why Asterisk reads none of the file, or why parts of it are unknown: a program (#exec) is not run here.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Lines that Asterisk leaves out, and files that are not written in UTF-8. Everything else is read.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Returns the first section of a name, in any letter case; null for none. Templates are not found.</summary>
    public ConfSection? Find(string name) =>
        Sections.Find(section => section.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && !section.IsTemplate);

    /// <summary>
    /// Returns the file with the sections of one name joined, as most modules of Asterisk see them. PJSIP does not join them, because each
    /// has a <c>type</c> of its own.
    /// </summary>
    public ConfFile Joined()
    {
        var joined = new ConfFile();
        joined.Problems.AddRange(Problems);
        joined.Warnings.AddRange(Warnings);
        var byName = new Dictionary<string, ConfSection>(StringComparer.OrdinalIgnoreCase);
        foreach (var section in Sections)
        {
            if (!byName.TryGetValue(section.Name, out var known))
                joined.Sections.Add(byName[section.Name] = known = section with { Entries = [] });
            known.Entries.AddRange(section.Entries);
        }
        return joined;
    }
}

/// <summary>One <c>[section]</c>.</summary>
/// <param name="Name">Without its brackets, as it is written.</param>
/// <param name="IsTemplate">Whether other sections inherit from it, and Asterisk itself ignores it: <c>[name](!)</c>.</param>
/// <param name="Origin">Where it is: <c>pjsip.conf line 12</c>.</param>
internal sealed record ConfSection(string Name, bool IsTemplate, string Origin = "")
{
    /// <summary>The entries in their order, inherited ones first.</summary>
    public List<ConfEntry> Entries { get; init; } = [];

    /// <summary>The names of the sections from which it inherits, in their order.</summary>
    public List<string> Templates { get; init; } = [];

    /// <summary>Returns the values of a key in their order; empty for none.</summary>
    public List<string> Values(string key) => [.. Entries.Where(entry => entry.Is(key)).Select(entry => entry.Value)];
}

/// <summary><c>key = value</c> or <c>key => value</c>.</summary>
internal readonly record struct ConfEntry(string Key, string Value)
{
    /// <summary>Returns whether the entry has this key, in any letter case.</summary>
    public bool Is(string key) => Key.Equals(key, StringComparison.OrdinalIgnoreCase);
}
