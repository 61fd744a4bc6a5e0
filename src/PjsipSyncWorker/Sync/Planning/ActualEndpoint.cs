using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>What the ps_* tables hold for one id.</summary>
/// <param name="Values">The values that were read; null for NULL, and where the row is missing.</param>
/// <param name="Positions">
/// For each column of the schema, by its index, its position in <paramref name="Values"/>; negative when it was not read. All endpoints of
/// a batch share this array.
/// </param>
/// <param name="Present">Whether each table has a row, by <see cref="RealtimeTable.Index"/>.</param>
public sealed record ActualEndpoint(string?[] Values, int[] Positions, bool[] Present)
{
    /// <summary>The value of a column by its index; null for NULL, and when it was not read.</summary>
    public string? this[int index] => Positions[index] < 0 ? null : Values[Positions[index]];

    /// <summary>Whether any of the three rows exists.</summary>
    public bool Any => Present[0] || Present[1] || Present[2];

    /// <summary>Returns whether a table has a row.</summary>
    public bool Has(RealtimeTable table) => Present[table.Index];
}
