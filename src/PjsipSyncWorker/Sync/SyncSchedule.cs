using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Decides when the sync loop compares everything, when it does maintenance, and how long it may pause. Depends only on the clock.
/// </summary>
internal sealed class SyncSchedule(SyncSettings settings, TimeProvider time)
{
    private long _reconciledAt = time.GetTimestamp();
    private long _maintainedAt = time.GetTimestamp();

    /// <summary>The longest time for one kind of work: the shorter of <c>Sync:PollInterval</c> and <c>Sync:ReconcileInterval</c>.</summary>
    public TimeSpan MaxPause => settings.ReconcileInterval < settings.PollInterval ? settings.ReconcileInterval : settings.PollInterval;

    /// <summary>Whether maintenance is due: every <c>Sync:PollInterval</c>, counted anew after a full comparison.</summary>
    public bool IsMaintenanceDue => time.GetElapsedTime(_maintainedAt) >= settings.PollInterval;

    /// <summary>Returns how long the loop may pause: until the next full comparison, but at most <c>Sync:PollInterval</c>.</summary>
    /// <param name="areRemovalsHeldBack">
    /// Whether the last comparison held removals back. The next one then follows after <see cref="MaxPause"/>, because somebody may have
    /// corrected the cause.
    /// </param>
    /// <returns>Zero or less when the comparison is due.</returns>
    public TimeSpan NextPause(bool areRemovalsHeldBack)
    {
        var untilReconcile = (areRemovalsHeldBack ? MaxPause : settings.ReconcileInterval) - time.GetElapsedTime(_reconciledAt);
        return untilReconcile < settings.PollInterval ? untilReconcile : settings.PollInterval;
    }

    /// <summary>Notes that a full comparison is over.</summary>
    public void Reconciled() => _reconciledAt = _maintainedAt = time.GetTimestamp();

    /// <summary>Notes that maintenance is over.</summary>
    public void Maintained() => _maintainedAt = time.GetTimestamp();
}
