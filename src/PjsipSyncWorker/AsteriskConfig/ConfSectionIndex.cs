namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>Finds sections by name while a file is read, so that a file of many thousands is read in linear time.</summary>
internal sealed class ConfSectionIndex
{
    private readonly Dictionary<string, List<ConfSection>> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Adds a section behind those that are known.</summary>
    public void Add(ConfSection section)
    {
        if (!_byName.TryGetValue(section.Name, out var sameName))
            _byName[section.Name] = sameName = [];
        sameName.Add(section);
    }

    /// <summary>Returns the section from which <c>[x](name)</c> inherits: the first of this name, template or not; null for none.</summary>
    public ConfSection? Template(string name) => _byName.TryGetValue(name, out var sameName) ? sameName[0] : null;

    /// <summary>Returns the section that <c>[name](+filter)</c> continues; null for none.</summary>
    /// <param name="filter">
    /// <c>key=value</c>, several joined by <c>&amp;</c>. <c>TEMPLATES=include</c> finds templates too, <c>TEMPLATES=restrict</c> finds them
    /// alone. Empty: any section that is not a template.
    /// </param>
    public ConfSection? Find(string name, string filter)
    {
        if (!_byName.TryGetValue(name, out var sameName))
            return null;
        var conditions = filter.Split('&', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(text => text.Split('=', 2, StringSplitOptions.TrimEntries)).Where(pair => pair.Length == 2).ToList();
        var templates = conditions.Find(pair => pair[0] == "TEMPLATES")?[1];
        return sameName.Find(section =>
            (templates switch { "include" => true, "restrict" => section.IsTemplate, _ => !section.IsTemplate })
            && conditions.TrueForAll(pair => pair[0] == "TEMPLATES" || section.Values(pair[0]).Contains(pair[1])));
    }
}
