namespace PjsipSyncWorker.Sync.Queue;

/// <summary>How long the sync loop may wait before it reads the queue again.</summary>
/// <param name="IsUntilNotified">
/// Whether a notification will report the next change. The loop may then wait for it however long; <paramref name="Delay"/> is zero.
/// </param>
/// <param name="Delay">Without notifications, the time after which to read the queue again. Zero: at once.</param>
internal readonly record struct QueueWait(bool IsUntilNotified, TimeSpan Delay)
{
    /// <summary>The queue must be read again at once.</summary>
    public static readonly QueueWait None = new(IsUntilNotified: false, TimeSpan.Zero);

    /// <summary>A notification will report the next change.</summary>
    public static readonly QueueWait UntilNotified = new(IsUntilNotified: true, TimeSpan.Zero);

    /// <summary>The queue must be read again after a delay, because changes may come without a notification.</summary>
    public static QueueWait For(TimeSpan delay) => new(IsUntilNotified: false, delay);
}
