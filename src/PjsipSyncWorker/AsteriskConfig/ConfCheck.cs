namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Compares a configuration directory with what is needed. What else is in there is nobody's business; nor are the values
/// of which the templates say that they are yours.
/// </summary>
internal static class ConfCheck
{
    private static readonly string[] Kind = ["type", "protocol"];

    /// <summary>What is missing or different; secrets are compared and never shown.</summary>
    public static List<Finding> Run(string directory, IReadOnlyList<RenderedFile> needed)
    {
        var findings = new List<Finding>();
        // /etc is as good a name for what stands in /etc/asterisk and beside it.
        if (Path.Combine(directory, "asterisk") is var below && Directory.Exists(below) && !File.Exists(Path.Combine(directory, "asterisk.conf")))
            directory = below;
        foreach (var file in needed)
        {
            var path = Locate(directory, file);
            if (!File.Exists(path))
            {
                findings.Add(new Finding(file.Name, "", "the file is missing"));
                continue;
            }
            ConfFile actual;
            try
            {
                actual = ConfReader.ReadFile(path, file.IsIni);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                findings.Add(new Finding(file.Name, "", $"cannot be read: {error.Message}"));
                continue;
            }
            findings.AddRange(actual.Problems.Distinct().Select(problem => new Finding(file.Name, "", problem)));
            foreach (var section in ConfReader.ReadText(WithoutYours(file.Text), file.IsIni).Sections)
                findings.AddRange(Compare(section, Counterpart(file, section, actual), LinesMatter(file.Name))
                    .Select(text => new Finding(file.Name, section.Name, text)));
        }
        return findings;
    }

    /// <summary>unixODBC's files stand beside the directory (/etc/odbc.ini), or still where render-config wrote them.</summary>
    private static string Locate(string directory, RenderedFile file) =>
        file.IsIni && Path.GetDirectoryName(Path.GetFullPath(directory).TrimEnd('/')) is { } parent && File.Exists(Path.Combine(parent, file.Name))
            ? Path.Combine(parent, file.Name) : Path.Combine(directory, file.Name);

    /// <summary>In pjsip.conf it is the type that counts, and a section may have any name.</summary>
    private static ConfSection? Counterpart(RenderedFile file, ConfSection section, ConfFile actual)
    {
        if (actual.Find(section.Name) is { } sameName || file.Name != "pjsip.conf")
            return actual.Find(section.Name);
        return actual.Sections.Find(other => !other.IsTemplate && Array.TrueForAll(Kind, key => section.Values(key).SequenceEqual(other.Values(key))));
    }

    /// <summary>Files whose sections are lists: their lines count one by one and in their order, and others may stand between.</summary>
    private static bool LinesMatter(string file) => file is "extensions.conf" or "modules.conf" or "sorcery.conf";

    private static IEnumerable<string> Compare(ConfSection needed, ConfSection? actual, bool linesMatter)
    {
        if (actual is null)
            return ["the section is missing"];
        return linesMatter ? MissingLines(needed, actual) : DifferentValues(needed, actual);
    }

    private static IEnumerable<string> DifferentValues(ConfSection needed, ConfSection actual)
    {
        foreach (var key in needed.Entries.Select(entry => entry.Key).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var (wanted, found) = (needed.Values(key), actual.Values(key));
            if (Same(key, wanted, found))
                continue;
            var isSecret = key is "secret" or "password";
            yield return found.Count == 0
                ? isSecret ? $"{key} is missing" : $"{key} = {string.Join(" and ", wanted)} is missing"
                : isSecret ? $"{key} is another one" : $"{key} is {string.Join(" and ", found)}, needed is {string.Join(" and ", wanted)}";
        }
    }

    private static bool Same(string key, List<string> wanted, List<string> found)
    {
        if (wanted is [var any] && any == RenderValues.Anything)
            return key == "password" ? found.Count > 0 : found.Exists(value => value.Length > 0);
        // Further addresses in an access list are the operator's.
        if (key is "permit" or "deny")
            return wanted.All(found.Contains);
        return wanted.Select(Plain).SequenceEqual(found.Select(Plain));

        static string Plain(string value) => string.Join(',', value.Split(',', StringSplitOptions.TrimEntries));
    }

    private static IEnumerable<string> MissingLines(ConfSection needed, ConfSection actual)
    {
        foreach (var line in NotInOrder(needed.Entries, actual.Entries))
            yield return $"{line.Key} = {line.Value} is missing, or not in its place";
        foreach (var module in needed.Entries.Where(entry => entry.Is("preload")))
            if (actual.Values("noload").Contains(module.Value))
                yield return $"noload = {module.Value} keeps out what is needed";
    }

    /// <summary>The needed lines outside the longest common subsequence, so that one line that went is one finding.</summary>
    private static List<ConfEntry> NotInOrder(List<ConfEntry> needed, List<ConfEntry> actual)
    {
        var common = new int[needed.Count + 1, actual.Count + 1];
        for (var i = needed.Count - 1; i >= 0; i--)
            for (var j = actual.Count - 1; j >= 0; j--)
                common[i, j] = IsSame(needed[i], actual[j]) ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        var missing = new List<ConfEntry>();
        for (int i = 0, j = 0; i < needed.Count;)
        {
            if (j < actual.Count && IsSame(needed[i], actual[j]))
                (i, j) = (i + 1, j + 1);
            else if (j < actual.Count && common[i, j + 1] >= common[i + 1, j])
                j++;
            else
                missing.Add(needed[i++]);
        }
        return missing;

        static bool IsSame(ConfEntry one, ConfEntry other) => one.Is(other.Key) && one.Value == other.Value;
    }

    /// <summary>Takes out the settings under a comment that begins with "Yours".</summary>
    internal static string WithoutYours(string text)
    {
        var kept = new List<string>();
        var (isYours, settingSeen) = (false, false);
        foreach (var line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '[')
                isYours = false;
            else if (line[0] == ';')
                (isYours, settingSeen) = (line.StartsWith("; Yours", StringComparison.Ordinal) || (isYours && !settingSeen), false);
            else if (isYours)
            {
                settingSeen = true;
                continue;
            }
            kept.Add(line);
        }
        return string.Join('\n', kept);
    }
}

/// <summary>Something that is missing or different.</summary>
/// <param name="Section">Empty: the file as a whole.</param>
internal readonly record struct Finding(string File, string Section, string Text)
{
    public override string ToString() => Section.Length == 0 ? $"{File}: {Text}" : $"{File} [{Section}]: {Text}";
}
