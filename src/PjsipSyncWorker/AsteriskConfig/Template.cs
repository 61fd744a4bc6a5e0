using System.Text;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>
/// Fills in the templates under <c>asterisk/</c>. <c>{{Key}}</c> becomes a value; the lines from <c>{{#Key}}</c> to <c>{{/Key}}</c>
/// are kept only when the value of Key is not empty. <c>scripts/asterisk.sh</c> does the same with sed.
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
        var leftOut = false;
        foreach (var line in template.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("{{#", StringComparison.Ordinal))
                leftOut = values[line[3..^2]].Value.Length == 0;
            else if (line.StartsWith("{{/", StringComparison.Ordinal))
                leftOut = false;
            else if (!leftOut)
                filled.Append(KeyPattern().Replace(line, match => Encode(values[match.Groups[1].Value], isIni))).Append('\n');
        }
        // Lines that were left out leave at most one empty line.
        return EmptyLinesPattern().Replace(filled.ToString(), "\n\n");
    }

    private static string Encode(TemplateValue value, bool isIni)
    {
        if (value.Value.Any(char.IsControl))
            throw new UnwritableValueException($"{value.Setting} must not hold a line break or another control character");
        if (value.Value.Trim() != value.Value)
            throw new UnwritableValueException($"{value.Setting} must not begin or end with a space: Asterisk would read it without");
        if (value.Value.Length > 1024)
            throw new UnwritableValueException($"{value.Setting} is too long for a line of a configuration file");
        if (!isIni)
            return value.Value.Replace(";", "\\;", StringComparison.Ordinal);
        // These characters have a meaning in some versions of the driver, and there is no way to quote them that works in all.
        return value.Value.IndexOfAny([';', '{', '}', '[', ']', '"', '\'', '#', '=', '%', '+', '\\']) is var at and >= 0
            ? throw new UnwritableValueException(
                $"{value.Setting} holds {value.Value[at]}, which odbc.ini cannot: give this one another name")
            : value.Value;
    }

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"\n{3,}")]
    private static partial Regex EmptyLinesPattern();
}

/// <summary>A value for a template.</summary>
/// <param name="Value">The value, not escaped; may be a secret.</param>
/// <param name="Setting">The setting that gives the value, for messages.</param>
internal readonly record struct TemplateValue(string Value, string Setting);

/// <summary>A file cannot hold a value. The message names the setting and never repeats its value.</summary>
internal sealed class UnwritableValueException(string message) : Exception(message);
