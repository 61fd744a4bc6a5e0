namespace PjsipSyncWorker.Target;

/// <summary>
/// How Asterisk's ODBC driver reads text: it splits a value at <c>;</c> and decodes <c>^XX</c>,
/// so those two are stored encoded, in every text column.
/// </summary>
public static class RealtimeEncoding
{
    /// <summary>The text to store so that Asterisk reads <paramref name="value"/>.</summary>
    public static string Encode(string value) =>
        value.AsSpan().IndexOfAny('^', ';') < 0
            ? value
            : value.Replace("^", "^5E", StringComparison.Ordinal).Replace(";", "^3B", StringComparison.Ordinal);
}
