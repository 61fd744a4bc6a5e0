namespace PjsipSyncWorker.Registrations;

/// <summary>
/// Another machine's clock beside ours. Its lead is kept in whole seconds and corrected only by two or more, so that the
/// network's delay does not make the same moment look different each time.
/// </summary>
internal sealed class OtherClock(TimeProvider time)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private long _leadTicks;

    /// <summary>How far it is ahead of ours.</summary>
    public TimeSpan Lead => TimeSpan.FromTicks(Volatile.Read(ref _leadTicks));

    /// <summary>It says that it is this late now.</summary>
    public void Shows(DateTimeOffset theirs)
    {
        var lead = theirs - time.GetUtcNow();
        if ((lead - Lead).Duration() >= Tolerance)
            Volatile.Write(ref _leadTicks, TimeSpan.FromSeconds(Math.Round(lead.TotalSeconds)).Ticks);
    }

    /// <summary>A moment of its clock on ours.</summary>
    public DateTimeOffset ToOurs(DateTimeOffset theirs) => theirs - Lead;

    /// <summary>A moment of our clock on its.</summary>
    public DateTimeOffset ToTheirs(DateTimeOffset ours) => ours + Lead;
}
