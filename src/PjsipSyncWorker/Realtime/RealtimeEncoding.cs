using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Encodes text for Asterisk's ODBC driver. The driver splits a value at <c>;</c> into several of the same option, strips blanks from both
/// ends, and decodes <c>^XX</c>. Characters that are meant as they are must therefore be stored encoded, in every text column.
/// </summary>
public static class RealtimeEncoding
{
    /// <summary>Returns the text to store so that Asterisk reads <paramref name="value"/>.</summary>
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

    /// <summary>Returns the text to store so that Asterisk reads several values of one option.</summary>
    public static string Encode(IEnumerable<string> values) => string.Join(';', values.Select(Encode));

    /// <summary>Returns a stored text as Asterisk reads it, without splitting it at <c>;</c>.</summary>
    public static string Decode(string text)
    {
        var decoded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '^' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
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
