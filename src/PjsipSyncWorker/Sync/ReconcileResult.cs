using PjsipSyncWorker.Sync.Planning;


namespace PjsipSyncWorker.Sync;

/// <summary>What a full comparison did, or would do.</summary>
internal sealed class ReconcileResult
{
    public int Created { get; private set; }
    public int Updated { get; private set; }
    public int Unchanged { get; private set; }
    public int Removed { get; private set; }
    public int Released { get; private set; }
    public int Rejected { get; private set; }

    /// <summary>Endpoints that have no active extension and stay, because so many removals need a recorded cause.</summary>
    public int HeldBack { get; private set; }

    /// <summary>Why removals were held back, and what to do, with a colon between them; null when none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Rows that were not as they should be.</summary>
    public int Drift => Created + Updated + Removed + Released;

    /// <summary>All that were looked at.</summary>
    public int Total => Drift + Unchanged + Rejected + HeldBack;

    /// <summary>As they were when they were last compared.</summary>
    public void AddUnchanged(int count) => Unchanged += count;

    /// <param name="owned">How many endpoints there are.</param>
    public void HoldBack(int count, int owned)
    {
        if (count == 0)
            return;
        HeldBack = count;
        Refusal = $"{count} of {owned} endpoints have no active extension any more, and no recorded change says why, so none of them was removed: "
            + "look at the source table and Source:Active; if it is right so, run sync-extensions --force (limits: Sync:MaxRemoval)";
    }

    public void Add(Plan plan)
    {
        Created += plan.Count(ChangeKind.Create);
        Updated += plan.Count(ChangeKind.Update);
        Removed += plan.Count(ChangeKind.Delete);
        Released += plan.Count(ChangeKind.Release);
        Unchanged += plan.Unchanged;
        Rejected += plan.Refused;
    }
}
