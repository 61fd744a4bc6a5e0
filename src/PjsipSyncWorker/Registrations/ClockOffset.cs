namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Converts times between this host's clock and another one. The offset is kept in whole seconds and corrected only by two or more, so that
/// the delay of the network does not convert the same moment to another one each time. Thread-safe.
/// </summary>
internal sealed class ClockOffset(TimeProvider time)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private long _offsetTicks;

    /// <summary>How far the other clock is ahead of this host's; negative when it is behind.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Volatile.Read(ref _offsetTicks));

    /// <summary>Notes what the other clock shows now.</summary>
    public void Observe(DateTimeOffset remote)
    {
        var offset = remote - time.GetUtcNow();
        if ((offset - Offset).Duration() >= Tolerance)
            Volatile.Write(ref _offsetTicks, TimeSpan.FromSeconds(Math.Round(offset.TotalSeconds)).Ticks);
    }

    /// <summary>Converts a time of the other clock to this host's.</summary>
    public DateTimeOffset ToLocal(DateTimeOffset remote) => remote - Offset;

    /// <summary>Converts a time of this host's clock to the other one's.</summary>
    public DateTimeOffset ToRemote(DateTimeOffset local) => local + Offset;
}
