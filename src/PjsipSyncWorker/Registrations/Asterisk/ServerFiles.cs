using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>
/// Reads the PJSIP objects that one Asterisk has in its own configuration files, such as trunks of carriers (AMI action GetConfig, class
/// system).
/// </summary>
internal sealed class ServerFiles(AmiConnection asterisk)
{
    /// <summary>The types of objects that a realtime endpoint consists of; only their names can collide with an extension.</summary>
    private static readonly string[] ObjectTypes = ["endpoint", "auth", "aor"];

    /// <summary>
    /// The regular expression for the option <c>type</c>. Asterisk accepts it in upper and lower case; a filter does not.
    /// </summary>
    private const string TypeOption = "^[Tt][Yy][Pp][Ee]$";

    /// <summary>The file of res_pjsip_config_wizard.</summary>
    private const string WizardFile = "pjsip_wizard.conf";

    /// <summary>
    /// Returns the names of endpoints, auths and AORs, each with its file. An included file counts as the file that includes it.
    /// </summary>
    /// <exception cref="AsteriskRefusalException">A file cannot be parsed, or the AMI user may not read it.</exception>
    /// <exception cref="AmiException">
    /// The connection ended, because a file of thousands of sections is more than one answer can hold.
    /// </exception>
    public async Task<Dictionary<string, string>> NamesAsync(CancellationToken cancellation)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in await ObjectFilesAsync(cancellation))
            await AddNamesAsync(names, file, $"{TypeOption}=^({string.Join('|', ObjectTypes)})$", cancellation);
        await AddNamesAsync(names, WizardFile, $"{TypeOption}=^wizard$", cancellation);
        return names;
    }

    /// <summary>Returns what is wrong with the order of the lines in sorcery.conf; null when nothing is wrong.</summary>
    /// <exception cref="AsteriskRefusalException">The file cannot be parsed, or the AMI user may not read it.</exception>
    public async Task<string?> OrderProblemAsync(CancellationToken cancellation)
    {
        foreach (var ofType in (await SorcerySourcesAsync(cancellation)).GroupBy(source => source.Type, source => source.Wizard[0]))
        {
            var wizards = ofType.ToList();
            var (cache, file, database) = (wizards.IndexOf("memory_cache"), wizards.IndexOf("config"), wizards.IndexOf("realtime"));
            if (cache > 0 && file >= 0 && file < cache)
                return $"sorcery.conf has a file before the cache of {ofType.Key}s: as soon as the file has one, Asterisk leaves out "
                    + "those of the database wherever it lists all, and device states stay unavailable";
            if (file >= 0 && database >= 0 && database < file)
                return $"sorcery.conf has the database before the file for {ofType.Key}s: an extension "
                    + "that is named like a carrier would take its place";
        }
        return null;
    }

    /// <returns>The files that sorcery.conf names for the object types, and pjsip.conf, which Asterisk reads when none is named.</returns>
    private async Task<IEnumerable<string>> ObjectFilesAsync(CancellationToken cancellation) =>
        (await SorcerySourcesAsync(cancellation)).Select(source => source.Wizard)
            .Where(wizard => wizard is ["config", _, ..]).Select(wizard => wizard[1]).Append("pjsip.conf").Distinct();

    /// <returns>
    /// The sources of the object types in sorcery.conf, in the order of the file. A wizard is split at its commas:
    /// <c>config,pjsip.conf,criteria=type=aor</c> or <c>realtime,ps_aors</c>.
    /// </returns>
    private async Task<List<(string Type, string[] Wizard)>> SorcerySourcesAsync(CancellationToken cancellation)
    {
        var sources = new List<(string, string[])>();
        foreach (var section in await SectionsAsync("sorcery.conf", filter: null, cancellation))
        {
            foreach (var line in section.Name == "res_pjsip" ? section.Lines : [])
                if (line.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var wizard]
                    && name.Replace("/cache", "", StringComparison.Ordinal) is var type
                    && ObjectTypes.Contains(type, StringComparer.Ordinal))
                    sources.Add((type, wizard.Split(',', StringSplitOptions.TrimEntries)));
        }
        return sources;
    }

    private async Task AddNamesAsync(Dictionary<string, string> names, string file, string filter, CancellationToken cancellation)
    {
        foreach (var section in await SectionsAsync(file, filter, cancellation))
            names.TryAdd(section.Name, file);
    }

    /// <param name="filter">NAME=REGULAR EXPRESSION: only sections with such a line; null for all sections.</param>
    /// <returns>The sections of a file; none when there is no such file.</returns>
    private async Task<List<Section>> SectionsAsync(string file, string? filter, CancellationToken cancellation)
    {
        var action = new AmiAction("GetConfig") { { "Filename", file } };
        if (filter is not null)
            action.Add("Filter", filter);
        var answer = await asterisk.SendAsync(action, cancellation);
        if (!answer.Success && !answer.Message.Contains("not found", StringComparison.OrdinalIgnoreCase))
            throw new AsteriskRefusalException($"Asterisk does not show {file}: {answer.Message}");
        var sections = new List<Section>();
        foreach (var (key, value) in answer.Headers)
        {
            if (key.StartsWith("Category-", StringComparison.OrdinalIgnoreCase))
                sections.Add(new Section(value, []));
            else if (key.StartsWith("Line-", StringComparison.OrdinalIgnoreCase) && sections.Count > 0)
                sections[^1].Lines.Add(value);
        }
        return sections;
    }

    private sealed record Section(string Name, List<string> Lines);
}
