using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>Parses <c>callerid</c> as Asterisk does (main/callerid.c, <c>ast_callerid_parse</c>).</summary>
/// <param name="Name">Null or empty: none.</param>
/// <param name="Number">Null or empty: none. Without separators.</param>
internal readonly record struct CallerIdText(string? Name, string? Number)
{
    /// <summary>Parses a value; null means that the option is not given.</summary>
    public static CallerIdText Parse(string? value)
    {
        if (value is null)
            return default;
        var stripped = value.Trim();
        var inner = Unquoted(stripped);
        if (inner.LastIndexOf('<') is var open and >= 0)
        {
            var number = inner[(open + 1)..];
            if (number.LastIndexOf('>') is var close and >= 0)
                number = number[..close];
            return Of(Unquoted(inner[..open].Trim()), number);
        }
        var shrunk = CallerId.Stripped(inner);
        return inner == stripped && shrunk.Length > 0 && shrunk.All(c => char.IsAsciiDigit(c) || c is '*' or '#' or '+')
            ? Of(null, inner)
            : Of(Unquoted(inner), null);
    }

    private static CallerIdText Of(string? name, string? number) => new(
        string.IsNullOrEmpty(name) ? null : Unescaped(name),
        number is null || CallerId.Stripped(number.Trim()) is not { Length: > 0 } stripped ? null : stripped);

    private static string Unquoted(string text) => text is ['"', .., '"'] ? text[1..^1] : text;

    /// <summary>Removes each backslash before another character.</summary>
    private static string Unescaped(string text)
    {
        var kept = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
                i++;
            kept.Append(text[i]);
        }
        return kept.ToString();
    }
}
