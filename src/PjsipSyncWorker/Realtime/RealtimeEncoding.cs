using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// How Asterisk's ODBC driver reads text: it splits a value at <c>;</c> into several of the same option, strips blanks from both
/// ends and decodes <c>^XX</c>. What means itself is stored encoded, in every text column.
/// </summary>
public static class RealtimeEncoding
{
    /// <summary>The text to store so that Asterisk reads <paramref name="value"/>.</summary>
    public static string Encode(string value)
    {
        var inner = value.AsSpan().Trim(Blanks);
        if (inner.Length == value.Length && inner.IndexOfAny('^', ';') < 0)
            return value;
        var start = inner.Length == 0 ? value.Length : value.Length - value.AsSpan().TrimStart(Blanks).Length;
        var text = new StringBuilder(value.Length + 8);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] is '^' or ';' || i < start || i >= start + inner.Length)
                text.Append('^').Append(((int)value[i]).ToString("X2", CultureInfo.InvariantCulture));
            else
                text.Append(value[i]);
        }
        return text.ToString();
    }

    /// <summary>Stores several values of one option.</summary>
    public static string Encode(IEnumerable<string> values) => string.Join(';', values.Select(Encode));

    /// <summary>A text column as Asterisk reads it.</summary>
    public static string Decode(string text)
    {
        var decoded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '^' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                decoded.Append((char)code);
                i += 2;
            }
            else
                decoded.Append(text[i]);
        }
        return decoded.ToString();
    }

    private const string Blanks = " \t\n\v\f\r";
}
