namespace PjsipSyncWorker.Realtime;

/// <summary>What Asterisk must read for one extension: the columns we set in its three rows, and their values.</summary>
/// <param name="Id">The id of all three rows.</param>
/// <param name="RowKey">The application's row it was made from.</param>
/// <param name="Columns">The columns set; all others of the three rows are not ours.</param>
/// <param name="Values">One for each of <paramref name="Columns"/>, ascending by index, as the database will give them back.</param>
public sealed record DesiredEndpoint(string Id, string RowKey, ColumnSet Columns, string[] Values)
{
    /// <summary>Where its messages are kept; null without voicemail.</summary>
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
/// <param name="Name">As <c>MAILBOX@CONTEXT</c>.</param>
/// <param name="IsNamed">The application chose it; otherwise it belongs to the application's row and passes to no other.</param>
public sealed record Mailbox(string Name, bool IsNamed);

/// <summary>An extension that cannot become an endpoint.</summary>
/// <param name="Reason">Names the column and what would be right; never the value of a secret.</param>
public sealed record Rejection(string RowKey, string? Id, string Reason);
