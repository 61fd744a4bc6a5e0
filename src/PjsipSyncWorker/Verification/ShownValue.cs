using System.Globalization;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Verification;

/// <summary>How <c>PJSIPShowEndpoint</c> shows a column's value. Only what it shows in a known form is compared.</summary>
internal static class ShownValue
{
    /// <summary>Texts that are shown as they are; yes, no and whole numbers of any column are compared beside them.</summary>
    private static readonly HashSet<string> Texts =
    [
        "ps_endpoints.aors", "ps_endpoints.auth", "ps_endpoints.context", "ps_endpoints.callerid", "ps_endpoints.mailboxes",
        "ps_endpoints.transport", "ps_endpoints.allow", "ps_auths.username", "ps_auths.password",
    ];

    public static bool IsComparable(RealtimeColumn column) =>
        column.Kind is ColumnKind.Whole or ColumnKind.Boolean || Texts.Contains(column.Display)
        || column is { Kind: ColumnKind.Label, Labels: { } labels } && labels.Contains("yes") && labels.Contains("true");

    /// <summary>rtp_symmetric is shown as RtpSymmetric; letter case is of no matter.</summary>
    public static string HeaderOf(string column) => column.Replace("_", "", StringComparison.Ordinal);

    /// <param name="written">As it stands in the table: encoded for realtime.</param>
    public static bool Same(RealtimeColumn column, string written, string shown) => column.Name switch
    {
        // A list is shown as (ulaw|alaw); "all", "!" and options of a codec are shown worked out.
        "allow" => written.AsSpan().IndexOfAny("!:") >= 0 || written.Contains("all", StringComparison.Ordinal)
            || shown.Trim('(', ')').Split('|').SequenceEqual(written.Split(',', StringSplitOptions.TrimEntries)),
        // Quotes, spaces and brackets are set by Asterisk's own rules, and its number is stripped (CallerId).
        "callerid" => Letters(RealtimeEncoding.Decode(written)) == Letters(shown),
        _ when column.Kind == ColumnKind.Whole => long.TryParse(shown, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && written == number.ToString(CultureInfo.InvariantCulture),
        _ when column.Kind is ColumnKind.Label or ColumnKind.Boolean => IsYes(written) == IsYes(shown),
        _ => RealtimeEncoding.Decode(written) == shown,
    };

    private static bool IsYes(string text) => text.ToUpperInvariant() is "YES" or "TRUE" or "ON" or "1";

    private static string Letters(string text) => string.Concat(text.Where(c => c is not ('"' or '\\' or ' ' or '<' or '>' or '(' or ')' or '-' or '.')));
}
