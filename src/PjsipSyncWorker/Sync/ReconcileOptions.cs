namespace PjsipSyncWorker.Sync;

/// <summary>What a full comparison may do beyond the usual. By default nothing.</summary>
internal readonly record struct ReconcileOptions
{
    /// <summary>What <c>sync-extensions --force</c> allows: both.</summary>
    public static readonly ReconcileOptions Force = new() { IgnoreDigests = true, AllowMassRemoval = true };

    /// <summary>
    /// Whether all extensions are compared, also those that an earlier comparison found as desired and that are unchanged since.
    /// </summary>
    public bool IgnoreDigests { get; init; }

    /// <summary>Whether any number of endpoints may be removed without a recorded cause, whatever <c>Sync:MaxRemoval</c> says.</summary>
    public bool AllowMassRemoval { get; init; }
}
