using System.Globalization;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Verification;

/// <summary>Compares a column's value with what <c>PJSIPShowEndpoint</c> shows of it, for columns that are shown in a known form.</summary>
internal static class ShownValue
{
    /// <summary>Text columns that are shown unchanged. Numbers and yes/no are comparable in every column.</summary>
    private static readonly HashSet<string> Texts =
    [
        "ps_endpoints.aors", "ps_endpoints.auth", "ps_endpoints.context", "ps_endpoints.callerid", "ps_endpoints.mailboxes",
        "ps_endpoints.transport", "ps_endpoints.allow", "ps_auths.username", "ps_auths.password",
    ];

    /// <summary>Whether <see cref="Same"/> can compare a column.</summary>
    public static bool IsComparable(RealtimeColumn column) =>
        column.Kind is ColumnKind.Whole or ColumnKind.Boolean || Texts.Contains(column.Display)
        || column is { Kind: ColumnKind.Label, Labels: { } labels } && labels.Contains("yes") && labels.Contains("true");

    /// <summary>The header that shows a column: RtpSymmetric for rtp_symmetric. The caller ignores letter case.</summary>
    public static string HeaderOf(string column) => column.Replace("_", "", StringComparison.Ordinal);

    /// <summary>Whether the shown value is that of the table.</summary>
    /// <param name="written">The value in the table, encoded for realtime.</param>
    public static bool Same(RealtimeColumn column, string written, string shown) => column.Name switch
    {
        // A list is shown as (ulaw|alaw). Asterisk resolves "all", "!" and options of a codec first, so these are not compared.
        "allow" => written.AsSpan().IndexOfAny("!:") >= 0 || written.Contains("all", StringComparison.Ordinal)
            || shown.Trim('(', ')').Split('|').SequenceEqual(written.Split(',', StringSplitOptions.TrimEntries)),
        // Asterisk sets quotes, spaces and brackets by its own rules, and strips punctuation from the number (see CallerId).
        "callerid" => Letters(RealtimeEncoding.Decode(written)) == Letters(shown),
        _ when column.Kind == ColumnKind.Whole =>
            long.TryParse(shown, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && written == number.ToString(CultureInfo.InvariantCulture),
        _ when column.Kind is ColumnKind.Label or ColumnKind.Boolean => IsYes(written) == IsYes(shown),
        _ => RealtimeEncoding.Decode(written) == shown,
    };

    private static bool IsYes(string text) => text.ToUpperInvariant() is "YES" or "TRUE" or "ON" or "1";

    private static string Letters(string text) =>
        string.Concat(text.Where(c => c is not ('"' or '\\' or ' ' or '<' or '>' or '(' or ')' or '-' or '.')));
}
