using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>
/// Makes text from outside (a phone, a peer, a file) safe for a log or a terminal: it can neither start a new line nor move the cursor.
/// </summary>
internal static class UntrustedText
{
    /// <summary>Returns the text with each control character as <c>\xHH</c>; empty for null.</summary>
    public static string Escape(string? text)
    {
        if (text is null || !text.Any(char.IsControl))
            return text ?? "";
        var line = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (char.IsControl(c))
                line.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
            else
                line.Append(c);
        }
        return line.ToString();
    }
}
