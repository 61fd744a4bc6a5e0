namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Another machine's clock beside ours. Its lead is kept in whole seconds and corrected only by two or more, so that the
/// network's delay does not make the same moment look different each time.
/// </summary>
internal sealed class ClockOffset(TimeProvider time)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private long _leadTicks;

    /// <summary>How far it is ahead of ours.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Volatile.Read(ref _leadTicks));

    /// <summary>It says that it is this late now.</summary>
    public void Observe(DateTimeOffset theirs)
    {
        var lead = theirs - time.GetUtcNow();
        if ((lead - Offset).Duration() >= Tolerance)
            Volatile.Write(ref _leadTicks, TimeSpan.FromSeconds(Math.Round(lead.TotalSeconds)).Ticks);
    }

    /// <summary>A moment of its clock on ours.</summary>
    public DateTimeOffset ToLocal(DateTimeOffset theirs) => theirs - Offset;

    /// <summary>A moment of our clock on its.</summary>
    public DateTimeOffset ToRemote(DateTimeOffset ours) => ours + Offset;
}
