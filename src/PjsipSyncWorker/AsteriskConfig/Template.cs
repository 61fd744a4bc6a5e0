using System.Text;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// The files under <c>asterisk/</c>: <c>{{Key}}</c> is a value, and the lines from <c>{{#Key}}</c> to <c>{{/Key}}</c>
/// are there only where Key is not empty. <c>scripts/asterisk.sh</c> does the same with sed.
/// </summary>
internal static partial class Template
{
    /// <summary>A file of <c>asterisk/</c> built into the binary.</summary>
    public static string Load(string file)
    {
        using var stream = typeof(Template).Assembly.GetManifestResourceStream($"asterisk/{file}")
            ?? throw new FileNotFoundException($"asterisk/{file} is not part of this build");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Puts the values in, so that each is read as itself and as nothing else.</summary>
    /// <param name="isIni">A file of unixODBC and not of Asterisk.</param>
    /// <exception cref="KeyNotFoundException">The template has a mark that nobody gave.</exception>
    /// <exception cref="UnwritableValueException">A value that the file cannot hold.</exception>
    public static string Fill(string template, bool isIni, IReadOnlyDictionary<string, Mark> marks)
    {
        var filled = new StringBuilder(template.Length);
        var leftOut = false;
        foreach (var line in template.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("{{#", StringComparison.Ordinal))
                leftOut = marks[line[3..^2]].Value.Length == 0;
            else if (line.StartsWith("{{/", StringComparison.Ordinal))
                leftOut = false;
            else if (!leftOut)
                filled.Append(MarkPattern().Replace(line, match => Encode(marks[match.Groups[1].Value], isIni))).Append('\n');
        }
        // What was left out leaves no hole.
        return HolePattern().Replace(filled.ToString(), "\n\n");
    }

    private static string Encode(Mark mark, bool isIni)
    {
        if (mark.Value.Any(char.IsControl))
            throw new UnwritableValueException($"{mark.Setting} must not hold a line break or another control character");
        if (mark.Value.Trim() != mark.Value)
            throw new UnwritableValueException($"{mark.Setting} must not begin or end with a space: Asterisk would read it without");
        if (mark.Value.Length > 1024)
            throw new UnwritableValueException($"{mark.Setting} is too long for a line of a configuration file");
        if (!isIni)
            return mark.Value.Replace(";", "\\;", StringComparison.Ordinal);
        // The driver gives these a meaning of its own in one place or another, and has no way to quote them that works in all.
        return mark.Value.IndexOfAny([';', '{', '}', '[', ']', '"', '\'', '#', '=', '%', '+', '\\']) is var at and >= 0
            ? throw new UnwritableValueException($"{mark.Setting} holds {mark.Value[at]}, which odbc.ini cannot: give this one another name")
            : mark.Value;
    }

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex MarkPattern();

    [GeneratedRegex(@"\n{3,}")]
    private static partial Regex HolePattern();
}

/// <summary>A value for a template.</summary>
/// <param name="Setting">Where a person sets it, for messages.</param>
internal readonly record struct Mark(string Value, string Setting);

/// <summary>A setting that would not be read back as what it is; the message names the setting and never repeats a secret.</summary>
internal sealed class UnwritableValueException(string message) : Exception(message);
