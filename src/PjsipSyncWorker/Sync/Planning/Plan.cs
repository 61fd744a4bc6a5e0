using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>What happens to one endpoint.</summary>
public enum ChangeKind
{
    Create,
    Update,
    Delete,

    /// <summary>An adopted endpoint is no longer ours; its rows stay.</summary>
    Release,
}

/// <summary>One step of a plan.</summary>
/// <param name="Desired">What to write; null when the endpoint goes.</param>
/// <param name="Cleared">Columns we wrote before and no longer set: back to NULL.</param>
/// <param name="Differing">Columns whose value is not the desired one.</param>
/// <param name="Missing">Tables that have no row for this id.</param>
/// <param name="Listed">Whether the owner list has it, be it as a tombstone.</param>
/// <param name="TellAsterisk">Whether Asterisk must be told: the endpoint or its AOR is new, changed or gone. A password it reads anew by itself.</param>
public sealed record EndpointChange(
    ChangeKind Kind, string Id, string RowKey, bool Adopted, DesiredEndpoint? Desired,
    ColumnSet Cleared, ColumnSet Differing, IReadOnlyList<RealtimeTable> Missing, bool Listed, bool TellAsterisk);

/// <summary>The difference between what the application wants and what Asterisk reads, as a value.</summary>
/// <param name="Rejections">Those that are not written down yet.</param>
/// <param name="Repaired">Row keys whose rejection no longer holds.</param>
/// <param name="Refused">All extensions of the batch that are rejected, written down before or not.</param>
public sealed record Plan(
    IReadOnlyList<EndpointChange> Changes, IReadOnlyList<Rejection> Rejections, IReadOnlyList<string> Repaired, int Unchanged, int Refused)
{
    /// <summary>What the next comparison must look at again: whatever is not simply as it should be.</summary>
    public IReadOnlyCollection<string> Open { get; init; } = [];

    /// <summary>Nothing to write.</summary>
    public bool IsEmpty => Changes.Count == 0 && Rejections.Count == 0 && Repaired.Count == 0;

    public int Count(ChangeKind kind) => Changes.Count(change => change.Kind == kind);
}

/// <summary>An entry of the owner list.</summary>
/// <param name="Columns">The columns last written.</param>
/// <param name="Deleted">A tombstone: its rows are gone, some node may not know yet.</param>
public sealed record ManagedEndpoint(string RowKey, bool Adopted, ColumnSet Columns, bool Deleted);

/// <summary>What one id has in the target now.</summary>
/// <param name="Values">What was read; null where the row or the value is missing.</param>
/// <param name="Places">For each column of the catalogue its place among the values; negative when it was not read. One for all rows of a batch.</param>
public sealed record ActualEndpoint(string?[] Values, int[] Places, bool[] Present)
{
    /// <summary>The value of a column by its index.</summary>
    public string? this[int index] => Places[index] < 0 ? null : Values[Places[index]];

    public bool Has(RealtimeTable table) => Present[table.Index];

    public bool Any => Present[0] || Present[1] || Present[2];
}
