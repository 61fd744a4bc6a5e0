using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>
/// Makes text from outside (a phone, a peer, a file) safe for a log or a terminal: it can neither start a new line nor move the cursor.
/// </summary>
internal static class UntrustedText
{
    /// <summary>
    /// Returns the text with each control character as <c>\xHH</c>, and as <c>\uHHHH</c> each character that breaks a line or changes the
    /// direction of writing; empty for null.
    /// </summary>
    public static string Escape(string? text)
    {
        if (text is null || !text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text ?? "";
        if (!text.Any(c => char.IsControl(c) || MovesText(c)))
            return text;
        var line = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (char.IsControl(c))
                line.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
            else if (MovesText(c))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                line.Append(c);
        }
        return line.ToString();
    }

    private static bool MovesText(char c) => c is '\u2028' or '\u2029' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E')
        or (>= '\u2066' and <= '\u2069');
}
