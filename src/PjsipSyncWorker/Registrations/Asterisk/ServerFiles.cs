using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>The PJSIP objects that one Asterisk has in files of its own: carriers, phones made by hand. Asked by AMI action GetConfig (class system).</summary>
internal sealed class ServerFiles(AmiConnection asterisk)
{
    /// <summary>What a realtime endpoint consists of, and so may clash.</summary>
    private static readonly string[] Kinds = ["endpoint", "auth", "aor"];

    /// <summary>Asterisk takes the name of an option in any case, and a filter does not.</summary>
    private const string Type = "^[Tt][Yy][Pp][Ee]$";

    /// <summary>Where res_pjsip_config_wizard finds its sections.</summary>
    private const string WizardFile = "pjsip_wizard.conf";

    /// <summary>The names of endpoints, auths and AORs, each with the file that it stands in, or that includes the one it stands in.</summary>
    /// <exception cref="AsteriskRefusalException">A file cannot be parsed, or may not be shown.</exception>
    /// <exception cref="AmiException">The connection ended: a file of thousands of sections is more than an answer can hold.</exception>
    public async Task<Dictionary<string, string>> NamesAsync(CancellationToken cancellation)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in await FilesAsync(cancellation))
            await AddAsync(names, file, $"{Type}=^({string.Join('|', Kinds)})$", cancellation);
        await AddAsync(names, WizardFile, $"{Type}=^wizard$", cancellation);
        return names;
    }

    /// <summary>What is wrong with the order of the lines for endpoints, auths and AORs in sorcery.conf; null: nothing.</summary>
    public async Task<string?> OrderProblemAsync(CancellationToken cancellation)
    {
        foreach (var ofKind in (await SourcesAsync(cancellation)).GroupBy(source => source.Kind, source => source.Wizard[0]))
        {
            var wizards = ofKind.ToList();
            var (cache, file, database) = (wizards.IndexOf("memory_cache"), wizards.IndexOf("config"), wizards.IndexOf("realtime"));
            if (cache > 0 && file >= 0 && file < cache)
                return $"sorcery.conf has a file before the cache of {ofKind.Key}s: as soon as the file has one, Asterisk leaves out those of the database wherever it lists all, and device states stay unavailable";
            if (file >= 0 && database >= 0 && database < file)
                return $"sorcery.conf has the database before the file for {ofKind.Key}s: an extension that is named like a carrier would take its place";
        }
        return null;
    }

    /// <summary>Those that sorcery.conf names for these kinds of objects, and the one that Asterisk reads when it names none.</summary>
    private async Task<IEnumerable<string>> FilesAsync(CancellationToken cancellation) =>
        (await SourcesAsync(cancellation)).Select(source => source.Wizard).Where(wizard => wizard is ["config", _, ..]).Select(wizard => wizard[1]).Append("pjsip.conf").Distinct();

    /// <summary>Where sorcery.conf has PJSIP look for these kinds of objects, in this order: <c>config,pjsip.conf,criteria=type=aor</c> or <c>realtime,ps_aors</c>, in its parts.</summary>
    private async Task<List<(string Kind, string[] Wizard)>> SourcesAsync(CancellationToken cancellation)
    {
        var sources = new List<(string, string[])>();
        foreach (var section in await SectionsAsync("sorcery.conf", filter: null, cancellation))
        {
            foreach (var line in section.Name == "res_pjsip" ? section.Lines : [])
                if (line.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var wizard] && name.Replace("/cache", "", StringComparison.Ordinal) is var kind && Kinds.Contains(kind, StringComparer.Ordinal))
                    sources.Add((kind, wizard.Split(',', StringSplitOptions.TrimEntries)));
        }
        return sources;
    }

    private async Task AddAsync(Dictionary<string, string> names, string file, string filter, CancellationToken cancellation)
    {
        foreach (var section in await SectionsAsync(file, filter, cancellation))
            names.TryAdd(section.Name, file);
    }

    /// <summary>The sections of a file of which some line is as the filter says (NAME=REGULAR EXPRESSION); none when there is no such file.</summary>
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
