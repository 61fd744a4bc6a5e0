using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

/// <summary>Counts what a full comparison did, or would do. Not thread-safe.</summary>
internal sealed class ReconcileResult
{
    /// <summary>Most rejections that are kept for the log.</summary>
    private const int MostKept = 100;

    private readonly List<Rejection> _newRejections = [];
    private readonly List<Rejection> _repaired = [];

    /// <summary>The first rejections that were not stored before, at most 100.</summary>
    public IReadOnlyList<Rejection> NewRejections => _newRejections;

    /// <summary>How many rejections were not stored before.</summary>
    public int NewRejectionCount { get; private set; }

    /// <summary>The first stored rejections that no longer hold, at most 100.</summary>
    public IReadOnlyList<Rejection> Repaired => _repaired;

    /// <summary>How long it took; zero for a preview.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Endpoints created, or whose lost rows were written again.</summary>
    public int Created { get; private set; }

    /// <summary>Endpoints of which some value, or the owner, was written.</summary>
    public int Updated { get; private set; }

    /// <summary>Endpoints that were as desired.</summary>
    public int Unchanged { get; private set; }

    /// <summary>Endpoints deleted.</summary>
    public int Removed { get; private set; }

    /// <summary>Adopted endpoints that are managed no longer, and whose rows stay.</summary>
    public int Released { get; private set; }

    /// <summary>Extensions that cannot be configured, whether they were rejected before or not.</summary>
    public int Rejected { get; private set; }

    /// <summary>Endpoints without an active extension that stay, because so many removals need a recorded cause.</summary>
    public int HeldBack { get; private set; }

    /// <summary>Why removals were held back and what to do, separated by a colon and a blank; null when none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Endpoints that were not as desired.</summary>
    public int Drift => Created + Updated + Removed + Released;

    /// <summary>Everything that was counted.</summary>
    public int Total => Drift + Unchanged + Rejected + HeldBack;

    /// <summary>Counts what the plan of one batch does.</summary>
    public void Add(Plan plan)
    {
        Created += plan.Count(ChangeKind.Create);
        Updated += plan.Count(ChangeKind.Update);
        Removed += plan.Count(ChangeKind.Delete);
        Released += plan.Count(ChangeKind.Release);
        Unchanged += plan.Unchanged;
        Rejected += plan.Rejected;
        NewRejectionCount += plan.NewRejections.Count;
        _newRejections.AddRange(plan.NewRejections.Take(MostKept - _newRejections.Count));
        _repaired.AddRange(plan.Repaired.Take(MostKept - _repaired.Count));
    }

    /// <summary>Counts endpoints that were skipped, because they are unchanged since an earlier comparison.</summary>
    public void AddUnchanged(int count) => Unchanged += count;

    /// <summary>Counts removals that are held back.</summary>
    /// <param name="count">How many; 0 changes nothing.</param>
    /// <param name="managed">How many endpoints are managed.</param>
    public void HoldBack(int count, int managed)
    {
        if (count == 0)
            return;
        HeldBack = count;
        Refusal = $"{count} of {Plural.Of(managed, "endpoint")} {(count == 1 ? "has" : "have")} no active extension any more, "
            + "and no recorded change says why, "
            + "so none of them was removed: "
            + "look at the source table and Source:Active; if it is right so, run sync-extensions --force (limits: Sync:MaxRemoval)";
    }
}
