using System.Text;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Fills in the templates under <c>asterisk/</c>. <c>{{Key}}</c> becomes a value; the lines from <c>{{#Key}}</c> to <c>{{/Key}}</c>
/// are kept only when the value of Key is not empty. They are repeated for each value of a list. Such blocks are not nested.
/// <c>scripts/asterisk.sh</c> does the same with sed, without lists.
/// </summary>
internal static partial class Template
{
    /// <summary>Reads a template, which is built into the binary.</summary>
    /// <param name="file">A file of <c>asterisk/</c>.</param>
    /// <exception cref="FileNotFoundException">There is no such template.</exception>
    public static string Load(string file)
    {
        using var stream = typeof(Template).Assembly.GetManifestResourceStream($"asterisk/{file}")
            ?? throw new FileNotFoundException($"asterisk/{file} is not part of this build");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Fills in a template. Values are escaped, so that Asterisk reads each of them unchanged.</summary>
    /// <param name="isIni">Whether the file is unixODBC's rather than Asterisk's.</param>
    /// <param name="values">The values by key.</param>
    /// <exception cref="KeyNotFoundException">The template has a key without a value.</exception>
    /// <exception cref="UnwritableValueException">The file cannot hold a value.</exception>
    public static string Fill(string template, bool isIni, IReadOnlyDictionary<string, TemplateValue> values)
    {
        var filled = new StringBuilder(template.Length);
        var lines = new Queue<string>(template.TrimEnd('\n').Split('\n'));
        while (lines.TryDequeue(out var line))
        {
            if (line.StartsWith("{{#", StringComparison.Ordinal))
                AppendBlock(filled, line[3..^2], lines, isIni, values);
            else
                filled.Append(Filled(line, 0, isIni, values)).Append('\n');
        }
        // Lines that were left out leave at most one empty line.
        return EmptyLinesPattern().Replace(filled.ToString(), "\n\n");
    }

    /// <summary>Takes the lines of a block, and appends them once for each value of its key.</summary>
    private static void AppendBlock(
        StringBuilder filled, string key, Queue<string> lines, bool isIni, IReadOnlyDictionary<string, TemplateValue> values)
    {
        var block = new List<string>();
        while (lines.Dequeue() is var line && line != $"{{{{/{key}}}}}")
            block.Add(line);
        for (var turn = 0; turn < (values[key].IsEmpty ? 0 : values[key].Values.Count); turn++)
            foreach (var line in block)
                filled.Append(Filled(line, turn, isIni, values)).Append('\n');
    }

    /// <param name="turn">Which value of a list is meant.</param>
    private static string Filled(string line, int turn, bool isIni, IReadOnlyDictionary<string, TemplateValue> values) =>
        KeyPattern().Replace(line, match =>
        {
            var (all, setting) = values[match.Groups[1].Value];
            return Encode(all.Count == 1 ? all[0] : all[turn], setting, isIni);
        });

    private static string Encode(string value, string setting, bool isIni)
    {
        if (value.Any(char.IsControl))
            throw new UnwritableValueException($"{setting} must not hold a line break or another control character");
        if (value.Trim() != value)
            throw new UnwritableValueException($"{setting} must not begin or end with a space: Asterisk would read it without");
        if (value.Length > 1024)
            throw new UnwritableValueException($"{setting} is too long for a line of a configuration file");
        if (!isIni)
            return value.Replace(";", "\\;", StringComparison.Ordinal);
        // These characters have a meaning in some versions of the driver, and there is no way to quote them that works in all.
        return value.IndexOfAny([';', '{', '}', '[', ']', '"', '\'', '#', '=', '%', '+', '\\']) is var at and >= 0
            ? throw new UnwritableValueException(
                $"{setting} holds {value[at]}, which odbc.ini cannot: give this one another name")
            : value;
    }

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"\n{3,}")]
    private static partial Regex EmptyLinesPattern();
}

/// <summary>A value for a template, or a list of them.</summary>
/// <param name="Values">The values, not escaped; may be secrets.</param>
/// <param name="Setting">The setting that gives the values, for messages.</param>
internal readonly record struct TemplateValue(IReadOnlyList<string> Values, string Setting)
{
    /// <summary>Whether there is no value, or an empty one alone.</summary>
    public bool IsEmpty => Values is [] or [""];
}

/// <summary>A file cannot hold a value. The message names the setting and never repeats its value.</summary>
internal sealed class UnwritableValueException(string message) : Exception(message);
