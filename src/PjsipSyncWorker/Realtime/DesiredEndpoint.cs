namespace PjsipSyncWorker.Realtime;

/// <summary>What Asterisk must read for one extension: the columns that are set in its three rows, and their values.</summary>
/// <param name="Id">The id of all three rows.</param>
/// <param name="RowKey">The application's row that the endpoint is made from.</param>
/// <param name="Columns">The columns that are set. The worker writes no others, except to clear what it wrote before.</param>
/// <param name="Values">One for each of <paramref name="Columns"/>, ascending by index, as the database will give them back.</param>
public sealed record DesiredEndpoint(string Id, string RowKey, ColumnSet Columns, string[] Values)
{
    /// <summary>The mailbox that keeps the extension's messages; null without voicemail.</summary>
    public Mailbox? Mailbox { get; init; }

    /// <summary>Copies each value to the position of its column's index. Other elements keep what they have.</summary>
    public void CopyTo(Span<string?> byIndex)
    {
        var next = 0;
        foreach (var index in Columns)
            byIndex[index] = Values[next++];
    }
}

/// <summary>A mailbox of Asterisk's voicemail.</summary>
/// <param name="Name">In the form <c>MAILBOX@CONTEXT</c>.</param>
/// <param name="IsNamed">
/// Whether the application chose the name. Otherwise the mailbox belongs to the application's row, and no other row ever gets it.
/// </param>
public sealed record Mailbox(string Name, bool IsNamed);

/// <summary>An extension that cannot become an endpoint.</summary>
/// <param name="RowKey">The application's row; <c>number N</c> when its key could not be read.</param>
/// <param name="Id">The number; null when the row has none.</param>
/// <param name="Reason">Names the column and says what would be right; never the value of a secret.</param>
public sealed record Rejection(string RowKey, string? Id, string Reason);
