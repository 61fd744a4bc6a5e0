using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Announces the endpoints of a backlog one by one, the newest first, with pauses between the commands. Never more than one command is in
/// flight. Not thread-safe.
/// </summary>
/// <param name="perSecond">Upper bound on announcements per second (<c>Asterisk:RefreshesPerSecond</c>).</param>
internal sealed class SingleAnnouncer(
    int perSecond, AnnouncementBacklog backlog, AnnouncementLedger ledger, UnloadableSearch unloadable, FullReads fullReads,
    AnnouncementMetrics metrics, TimeProvider time)
{
    /// <summary>A command that takes longer is followed by a longer pause.</summary>
    private static readonly TimeSpan QuickCommand = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The end of the last announcement window, as a timestamp; null when there was none.</summary>
    private long? _windowEnd;

    /// <summary>The number of endpoints that the last run announced.</summary>
    public int Announced { get; private set; }

    /// <summary>Whether a window was open at some time during the last <paramref name="period"/>.</summary>
    public bool HadWindowWithin(TimeSpan period) => _windowEnd is { } end && time.GetElapsedTime(end) < period;

    /// <summary>Announces until the backlog is empty, or until <paramref name="isInterrupted"/> returns true.</summary>
    /// <param name="endpoints">The number of endpoints that this Asterisk reads when it reads all.</param>
    /// <param name="revised">Set when there are new changes; they are read in between.</param>
    /// <returns>The id of an endpoint that Asterisk could not read because its database link is down; null when the link is up.</returns>
    public async Task<string?> RunAsync(
        AnnouncementSession session, long endpoints, AsyncAutoResetEvent revised, Func<bool> isInterrupted, CancellationToken cancellation)
    {
        var asterisk = await session.Commands.QualifyListAsync(cancellation);
        Announced = 0;
        try
        {
            while (backlog.Take(session.Cost.WindowSize) is { Count: > 0 } window && !isInterrupted())
            {
                if (session.ReadsThroughView)
                    await OpenWindowAsync(window, cancellation);
                var opened = time.GetTimestamp();
                if (await AnnounceWindowAsync(session, asterisk, window, opened, endpoints, cancellation) is { } unreadable)
                    return unreadable;
                backlog.ShowCount();
                if (backlog.Count > 0)
                    await PauseAsync(time.GetElapsedTime(opened), window.Count, cancellation);
                if (revised.TryReset())
                {
                    await backlog.ReadAsync(cancellation);
                    await session.Expirer.CatchUpAsync(cancellation);
                }
            }
        }
        finally
        {
            // An Asterisk that boots while a window is open reads only the announced endpoints, so no window outlives its session.
            if (session.ReadsThroughView)
                await CloseWindowAsync();
        }
        MemoryTrimmer.TrimAfter(Announced);
        return null;
    }

    /// <summary>
    /// Closes the window. When the database is away, the window ends by itself after <see cref="AnnouncementLedger.WindowLength"/>.
    /// </summary>
    private async Task CloseWindowAsync()
    {
        using var patience = new CancellationTokenSource(CloseTimeout, time);
        try
        {
            await ledger.CloseWindowAsync(patience.Token);
        }
        catch (Exception error) when (error is OperationCanceledException || DatabaseErrors.IsDatabase(error))
        {
        }
    }

    /// <param name="opened">When the window was opened, as a timestamp. A window that nears its end is opened again.</param>
    /// <returns>As for <see cref="RunAsync"/>.</returns>
    private async Task<string?> AnnounceWindowAsync(
        AnnouncementSession session, QualifyList asterisk, List<AnnouncementLedger.Entry> window, long opened, long endpoints,
        CancellationToken cancellation)
    {
        foreach (var entry in window)
        {
            var began = time.GetTimestamp();
            if (session.ReadsThroughView && time.GetElapsedTime(opened) > AnnouncementLedger.WindowLength / 2)
                await OpenWindowAsync(window, cancellation);
            if (await asterisk.AnnounceAsync(entry.Id, cancellation) == Announcements.Announced.Done)
                await unloadable.RecordLoadableAsync(entry.Id, cancellation);
            else if (!await unloadable.IsAtFaultAsync(session, entry.Id, cancellation))
                return entry.Id;
            fullReads.OnAnnounced(entry.Id);
            session.Cost.SingleTook(time.GetElapsedTime(began), endpoints);
            metrics.Announced(time.GetElapsedTime(began));
            Announced++;
        }
        return null;
    }

    private async Task OpenWindowAsync(List<AnnouncementLedger.Entry> window, CancellationToken cancellation)
    {
        await ledger.OpenWindowAsync([.. window.Select(entry => entry.Id)], cancellation);
        _windowEnd = time.GetTimestamp() + (long)(AnnouncementLedger.WindowLength.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>
    /// Waits, because Asterisk handles new registrations in the same queue as these commands: a seventh of the time is theirs alone, and
    /// four fifths of the time when the commands are slow.
    /// </summary>
    private Task PauseAsync(TimeSpan took, int commands, CancellationToken cancellation)
    {
        var pause = took / commands > QuickCommand ? took * 4 : took / 6;
        var pace = TimeSpan.FromSeconds((double)commands / perSecond) - took;
        return Task.Delay(pause > pace ? pause : pace, time, cancellation);
    }
}
