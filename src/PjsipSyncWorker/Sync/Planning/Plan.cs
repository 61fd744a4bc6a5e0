using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>
/// The difference between the desired and the actual state of a set of ids, as a value. Production writes it, a dry run prints it, and the
/// drift check counts it.
/// </summary>
public sealed record Plan
{
    /// <summary>The plan for no ids.</summary>
    public static readonly Plan Empty = new();

    /// <summary>What to write; no two changes have one id.</summary>
    public IReadOnlyList<EndpointChange> Changes { get; init; } = [];

    /// <summary>Rejections that are not stored yet, or are stored with another reason.</summary>
    public IReadOnlyList<Rejection> NewRejections { get; init; } = [];

    /// <summary>
    /// Stored rejections that no longer hold. Where the row is written now, with its number of now instead of the rejected one.
    /// </summary>
    public IReadOnlyList<Rejection> Repaired { get; init; } = [];

    /// <summary>Endpoints that are as desired.</summary>
    public int Unchanged { get; init; }

    /// <summary>All extensions of these ids that are rejected, whether that is stored already or not.</summary>
    public int Rejected { get; init; }

    /// <summary>
    /// Ids that the next full comparison must compare again: those that are changed, rejected, or managed without an extension. The empty
    /// id stands for rejected extensions without a number.
    /// </summary>
    public IReadOnlyCollection<string> UnsettledIds { get; init; } = [];

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => Changes.Count == 0 && NewRejections.Count == 0 && Repaired.Count == 0;

    /// <summary>Returns how many changes are of one kind.</summary>
    public int Count(ChangeKind kind) => Changes.Count(change => change.Kind == kind);
}
