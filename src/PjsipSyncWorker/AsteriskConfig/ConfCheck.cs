namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Compares a configuration directory with the files that are needed. Other files, sections and settings are ignored, and so are
/// the values under a comment "Default" of the templates.
/// </summary>
internal static class ConfCheck
{
    /// <summary>The keys that say what kind of object a section of pjsip.conf is.</summary>
    private static readonly string[] KindKeys = ["type", "protocol"];

    /// <summary>Returns what is missing or different, in the order of the files. Secrets are compared and never shown.</summary>
    /// <param name="directory">/etc/asterisk, or /etc if that has the folder asterisk.</param>
    public static List<ConfDifference> Run(string directory, IReadOnlyList<RenderedFile> files)
    {
        var differences = new List<ConfDifference>();
        var below = Path.Combine(directory, "asterisk");
        if (Directory.Exists(below) && !File.Exists(Path.Combine(directory, "asterisk.conf")))
            directory = below;
        foreach (var file in files)
        {
            var path = Locate(directory, file);
            if (!File.Exists(path))
            {
                differences.Add(new ConfDifference(file.Name, "", "the file is missing"));
                continue;
            }
            ConfFile actual;
            try
            {
                actual = ConfReader.ReadFile(path, file.IsIni).Joined();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                differences.Add(new ConfDifference(file.Name, "", $"cannot be read: {error.Message}"));
                continue;
            }
            differences.AddRange(actual.Problems.Distinct().Select(problem => new ConfDifference(file.Name, "", problem)));
            var needed = ConfReader.ReadText(WithoutDefaults(file.Text), file.IsIni).Joined();
            foreach (var section in needed.Sections.Where(section => !section.IsTemplate))
            {
                differences.AddRange(Compare(section, Counterpart(file, section, actual), LinesMatter(file.Name))
                    .Select(text => new ConfDifference(file.Name, section.Name, text)));
            }
        }
        return differences;
    }

    /// <summary>A file's path. unixODBC reads its files beside the directory (/etc/odbc.ini); render-config writes them into it.</summary>
    private static string Locate(string directory, RenderedFile file)
    {
        if (file.IsIni && Path.GetDirectoryName(Path.GetFullPath(directory).TrimEnd('/')) is { } parent
            && Path.Combine(parent, file.Name) is var beside && File.Exists(beside))
        {
            return beside;
        }
        return Path.Combine(directory, file.Name);
    }

    /// <summary>
    /// The section that takes the place of a needed one: of the same name, or in pjsip.conf of the same type and protocol.
    /// </summary>
    private static ConfSection? Counterpart(RenderedFile file, ConfSection section, ConfFile actual)
    {
        if (actual.Find(section.Name) is { } sameName || file.Name != "pjsip.conf")
            return actual.Find(section.Name);
        return actual.Sections.Find(other =>
            !other.IsTemplate && Array.TrueForAll(KindKeys, key => section.Values(key).SequenceEqual(other.Values(key))));
    }

    /// <summary>Whether the sections of a file are lists, in which the order of the lines matters. Other lines may be in between.</summary>
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
            var isSecret = key is "secret" or "password" or "turnpassword";
            yield return found.Count == 0
                ? isSecret ? $"{key} is missing" : $"{key} = {string.Join(" and ", wanted)} is missing"
                : isSecret ? $"{key} is another one" : $"{key} is {string.Join(" and ", found)}, needed is {string.Join(" and ", wanted)}";
        }
    }

    private static bool Same(string key, List<string> wanted, List<string> found)
    {
        if (wanted is [var any] && any == RenderValues.Anything)
            return key == "password" ? found.Count > 0 : found.Exists(value => value.Length > 0);
        // The operator may allow further addresses and name further networks.
        if (key is "permit" or "deny" or "local_net")
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

    /// <summary>The needed lines outside the longest common subsequence, so that one missing line is one difference.</summary>
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

    /// <summary>Removes the values under a comment that begins with "Default:", up to an empty line or the next comment.</summary>
    internal static string WithoutDefaults(string text)
    {
        var kept = new List<string>();
        var (isDefault, settingSeen) = (false, false);
        foreach (var line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] == '[')
                isDefault = false;
            else if (line[0] == ';')
                (isDefault, settingSeen) = (line.StartsWith("; Default:", StringComparison.Ordinal) || (isDefault && !settingSeen), false);
            else if (isDefault)
            {
                settingSeen = true;
                continue;
            }
            kept.Add(line);
        }
        return string.Join('\n', kept);
    }
}

/// <summary>Something in a configuration file that is missing or different.</summary>
/// <param name="Section">The section's name; empty for the file as a whole.</param>
/// <param name="Text">What is missing or different; never a secret.</param>
internal readonly record struct ConfDifference(string File, string Section, string Text)
{
    public override string ToString() => Section.Length == 0 ? $"{File}: {Text}" : $"{File} [{Section}]: {Text}";
}
