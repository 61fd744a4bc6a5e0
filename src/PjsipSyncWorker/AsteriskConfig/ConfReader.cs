using System.IO.Enumeration;
using System.Text;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Reads Asterisk's configuration format as Asterisk does (main/config.c): <c>; comments</c>, <c>;-- of many lines --;</c>,
/// <c>\;</c>, templates and <c>#include</c>. Reads unixODBC's simpler format, too, which has none of these.
/// </summary>
internal sealed class ConfReader
{
    /// <summary>How deep files may include each other, the first one not counted (MAX_INCLUDE_LEVEL).</summary>
    private const int MaxIncludeLevel = 10;

    /// <summary>Asterisk leaves out lines of more bytes.</summary>
    private const int LongestLine = 8190;

    /// <summary>Most lines of one section. Templates that inherit from each other twice would otherwise fill the memory.</summary>
    private const int MostEntries = 10_000;

    private readonly ConfFile _file = new();
    private readonly ConfSectionIndex _sections = new();
    private readonly List<string> _open = [];
    private readonly string? _directory;
    private readonly bool _isIni;
    private ConfSection? _section;
    private int _commentDepth;
    private string _place = "";

    private ConfReader(string? directory, bool isIni) => (_directory, _isIni) = (directory, isIni);

    /// <summary>Reads a file of a configuration directory, with all that it includes.</summary>
    /// <exception cref="IOException">A file cannot be read, or is not a text.</exception>
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
        reader.Read(text, "the text");
        return reader._file;
    }

    /// <summary>Reads a file in the place of its #include.</summary>
    private void Include(string path)
    {
        if (_open.Contains(path, StringComparer.Ordinal))
        {
            _file.Problems.Add($"#include {Path.GetFileName(path)} leads in a circle");
            return;
        }
        if (_open.Count > MaxIncludeLevel)
        {
            _file.Problems.Add($"#include {Path.GetFileName(path)} is more than {MaxIncludeLevel} files deep");
            return;
        }
        _open.Add(path);
        var text = ConfText.Read(path, out var isLatin1);
        if (isLatin1)
            _file.Warnings.Add($"{Path.GetFileName(path)} is not written in UTF-8, and was read as Latin-1");
        Read(text, Path.GetFileName(path));
        _open.RemoveAt(_open.Count - 1);
    }

    private void Read(string text, string name)
    {
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            _place = $"line {++number} of {name}";
            if (raw.Length > LongestLine / 4 && Encoding.UTF8.GetByteCount(raw) > LongestLine)
            {
                _file.Warnings.Add($"{_place} has more than {LongestLine} bytes, and Asterisk leaves it out");
                continue;
            }
            var line = (_isIni ? WithoutIniComment(raw) : WithoutComment(raw)).Trim();
            if (line.Length == 0)
                continue;
            if (line[0] == '[')
                Open(line, name, number);
            else if (line[0] == '#' && !_isIni)
                Directive(line);
            else
                Add(line);
            // An included file has moved the place.
        }
    }

    private void Add(string line)
    {
        if (line[0] == '\\' && !_isIni)
            line = line[1..];
        var at = line.IndexOf('=', StringComparison.Ordinal);
        if (_section is null)
            _file.Problems.Add($"{_place} is in no section, and Asterisk reads none of this file");
        else if (at <= 0)
            _file.Warnings.Add($"{_place} has no name or no =, and Asterisk leaves it out");
        else
            Add(_section, line, at);
    }

    private static void Add(ConfSection section, string line, int at)
    {
        var value = line[(at + 1)..];
        if (line[at - 1] != '+')
        {
            section.Entries.Add(new ConfEntry(line[..at].Trim(), (value.StartsWith('>') ? value[1..] : value).Trim()));
            return;
        }
        // key += more
        var key = line[..(at - 1)].Trim();
        var last = section.Entries.FindLastIndex(entry => entry.Key == key);
        if (last < 0)
            section.Entries.Add(new ConfEntry(key, value.Trim()));
        else
            section.Entries[last] = new ConfEntry(key, (section.Entries[last].Value + value).Trim());
    }

    /// <summary><c>[name]</c>, <c>[name](!)</c>, <c>[name](template,template)</c>, <c>[name](+)</c>, <c>[name](+type=aor)</c>.</summary>
    private void Open(string line, string file, int number)
    {
        var close = line.IndexOf(']', StringComparison.Ordinal);
        if (close < 0)
        {
            _file.Problems.Add($"{_place} has no closing ], and Asterisk reads none of this file");
            return;
        }
        var (name, rest) = (line[1..close], line[(close + 1)..]);
        var end = rest.IndexOf(')', StringComparison.Ordinal);
        if (rest.StartsWith('(') && end < 0)
            _file.Problems.Add($"{_place} has no closing ), and Asterisk reads none of this file");
        string[] options = rest.StartsWith('(') && end > 0 ? rest[1..end].Split(',') : [];
        var section = new ConfSection(name, options.Contains("!"), $"{file} line {number}");
        var isNew = true;
        foreach (var option in options)
        {
            if (option == "!")
                continue;
            if (option.StartsWith('+'))
            {
                if (_sections.Find(name, option[1..]) is not { } known)
                {
                    _file.Problems.Add($"{_place} adds to a section {name} that is not there, and Asterisk reads none of this file");
                    return;
                }
                known.Entries.AddRange(section.Entries);
                (section, isNew) = (known, false);
            }
            else if (_sections.Template(option) is { } template)
            {
                if (section.Entries.Count + template.Entries.Count > MostEntries)
                {
                    _file.Problems.Add($"{_place} inherits more than {MostEntries} lines");
                    return;
                }
                section.Entries.AddRange([.. template.Entries]);
                section.Templates.Add(template.Name);
            }
            else
            {
                _file.Problems.Add($"{_place} inherits from {option}, which is not there, and Asterisk reads none of this file");
                return;
            }
        }
        _section = section;
        if (!isNew)
            return;
        _file.Sections.Add(section);
        _sections.Add(section);
    }

    private void Directive(string line)
    {
        if (_directory is null)
            return;
        var words = line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var argument = words.Length > 1 ? words[1].Trim('"', '\'', '<', '>') : "";
        switch (words[0].ToLowerInvariant())
        {
            case "#exec":
                _file.Problems.Add($"#exec {argument} is not run here: what it writes is not known");
                break;
            case "#include" or "#tryinclude" when argument.Length > 0:
                var found = Matching(argument);
                if (found.Length == 0 && words[0].Equals("#include", StringComparison.OrdinalIgnoreCase))
                    _file.Problems.Add($"#include {argument} is not there, and Asterisk reads none of this file");
                foreach (var file in found)
                    Include(file);
                break;
            default:
                _file.Warnings.Add($"{_place} has a directive without meaning, and Asterisk leaves it out");
                break;
        }
    }

    /// <summary>Returns the files of an #include, which may have * and ? in its last part. A name is relative to the directory.</summary>
    private string[] Matching(string argument)
    {
        var path = Path.GetFullPath(Path.Combine(_directory!, argument));
        if (File.Exists(path))
            return [path];
        var (folder, pattern) = (Path.GetDirectoryName(path), Path.GetFileName(path));
        if (pattern.AsSpan().IndexOfAny('*', '?') < 0 || !Directory.Exists(folder))
            return [];
        return [.. Directory.GetFiles(folder)
            .Where(file => Path.GetFileName(file) is ['.', ..] == pattern is ['.', ..]
                && FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(file), ignoreCase: false))
            .Order(StringComparer.Ordinal)];
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
