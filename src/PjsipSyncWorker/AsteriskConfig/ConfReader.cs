using System.Text;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Reads Asterisk's configuration format as Asterisk does (main/config.c): <c>; comments</c>, <c>;-- of many lines --;</c>,
/// <c>\;</c>, templates and <c>#include</c>. Reads unixODBC's simpler format, too, which has none of these.
/// </summary>
internal sealed class ConfReader
{
    private readonly ConfFile _file = new();
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private readonly string? _directory;
    private readonly bool _isIni;
    private ConfSection? _section;
    private int _commentDepth;

    private ConfReader(string? directory, bool isIni) => (_directory, _isIni) = (directory, isIni);

    /// <summary>Reads a file of a configuration directory, with all that it includes.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static ConfFile ReadFile(string path, bool isIni)
    {
        var reader = new ConfReader(Path.GetDirectoryName(Path.GetFullPath(path)), isIni);
        reader.Include(Path.GetFullPath(path));
        return reader._file;
    }

    /// <summary>Reads a text; its includes are ignored.</summary>
    public static ConfFile ReadText(string text, bool isIni)
    {
        var reader = new ConfReader(null, isIni);
        reader.Read(text);
        return reader._file;
    }

    /// <summary>Reads a file in the place of its #include, unless that file is being read already.</summary>
    private void Include(string path)
    {
        if (!_open.Add(path))
        {
            _file.Problems.Add($"#include {Path.GetFileName(path)} leads in a circle");
            return;
        }
        Read(File.ReadAllText(path));
        _open.Remove(path);
    }

    private void Read(string text)
    {
        foreach (var raw in text.Split('\n'))
        {
            var line = (_isIni ? WithoutIniComment(raw) : WithoutComment(raw)).Trim();
            if (line.Length == 0)
                continue;
            if (line[0] == '[')
                Open(line);
            else if (line[0] == '#' && !_isIni)
                Directive(line);
            else if (_section is not null && line.IndexOf('=', StringComparison.Ordinal) is var at and > 0)
                Add(_section, line, at);
        }
    }

    private static void Add(ConfSection section, string line, int at)
    {
        var value = line[(at + 1)..];
        value = (value.StartsWith('>') ? value[1..] : value).Trim();
        if (line[at - 1] != '+')
        {
            section.Entries.Add(new ConfEntry(line[..at].Trim(), value));
            return;
        }
        // key += more
        var key = line[..(at - 1)].Trim();
        var last = section.Entries.FindLastIndex(entry => entry.Is(key));
        if (last < 0)
            section.Entries.Add(new ConfEntry(key, value));
        else
            section.Entries[last] = new ConfEntry(key, section.Entries[last].Value + value);
    }

    /// <summary><c>[name]</c>, <c>[name](!)</c>, <c>[name](template,template)</c>, <c>[name](+)</c>.</summary>
    private void Open(string line)
    {
        var close = line.IndexOf(']', StringComparison.Ordinal);
        if (close < 0)
            return;
        var name = line[1..close].Trim();
        var rest = line[(close + 1)..].Trim();
        var options = rest.StartsWith('(') && rest.IndexOf(')', StringComparison.Ordinal) is var end and > 0
            ? rest[1..end].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [];
        // Asterisk joins the sections of one name, with "(+)" and without.
        _section = _file.Sections.Find(section => section.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (_section is null)
            _file.Sections.Add(_section = new ConfSection(name, options.Contains("!")));
        foreach (var option in options.Where(option => option is not ("!" or "+")))
        {
            if (_file.Sections.Find(section => section.Name.Equals(option, StringComparison.OrdinalIgnoreCase)) is { } template)
                _section.Entries.AddRange([.. template.Entries]);
        }
    }

    private void Directive(string line)
    {
        if (_directory is null)
            return;
        var words = line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var argument = words.Length > 1 ? words[1].Trim('"', '\'', '<', '>') : "";
        if (words[0] == "#exec")
            _file.Problems.Add($"#exec {argument} is not run here: what it writes is not known");
        else if (words[0] is "#include" or "#tryinclude")
        {
            var path = Path.GetFullPath(Path.Combine(_directory, argument));
            string[] found = File.Exists(path) ? [path]
                : argument.Contains('*', StringComparison.Ordinal) && Path.GetDirectoryName(path) is { } folder && Directory.Exists(folder)
                    ? [.. Directory.GetFiles(folder, Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
            if (found.Length == 0 && words[0] == "#include")
                _file.Problems.Add($"#include {argument} is not there, and Asterisk reads none of this file");
            foreach (var file in found)
                Include(file);
        }
    }

    private string WithoutComment(string line)
    {
        var kept = new StringBuilder(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            var rest = line.AsSpan(i);
            if (_commentDepth > 0 && rest.StartsWith("--;", StringComparison.Ordinal))
                (_commentDepth, i) = (_commentDepth - 1, i + 2);
            else if (rest.StartsWith(";--", StringComparison.Ordinal) && !(rest.Length > 3 && rest[3] == '-') && !IsEscaped(kept))
                (_commentDepth, i) = (_commentDepth + 1, i + 2);
            else if (_commentDepth > 0)
                continue;
            else if (line[i] != ';')
                kept.Append(line[i]);
            else if (IsEscaped(kept))
                kept[^1] = ';';
            else
                break;
        }
        return kept.ToString();

        // Whether a backslash is before this semicolon. An earlier "\;" has already become ";" here.
        static bool IsEscaped(StringBuilder kept) => kept.Length > 0 && kept[^1] == '\\';
    }

    private static string WithoutIniComment(string line) => line.TrimStart() is [';' or '#', ..] ? "" : line;
}
