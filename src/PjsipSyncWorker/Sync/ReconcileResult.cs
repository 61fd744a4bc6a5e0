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

    /// <summary>Rows that were not as they should be.</summary>
    public int Drift => Created + Updated + Removed + Released;

    /// <summary>All that were looked at.</summary>
    public int Total => Drift + Unchanged + Rejected;

    /// <summary>As they were when they were last compared.</summary>
    public void AddUnchanged(int count) => Unchanged += count;

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
