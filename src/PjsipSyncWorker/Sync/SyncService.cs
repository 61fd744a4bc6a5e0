using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Loop 1. Keeps a <see cref="SyncSession"/> and a listener for notifications running, each on a connection of its own. When one of the two
/// fails both are started again.
/// </summary>
internal sealed class SyncService(
    NpgsqlDataSource dataSource, WorkerSettings settings, SyncMetrics metrics, ListenMetrics listens, Health health, TimeProvider time,
    ILogger<SyncService> logger) : BackgroundService
{
    /// <summary>Time without a notification after which the listening connection is probed.</summary>
    private static readonly TimeSpan ListenerProbeInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The session resumes on the listener's thread, which saves a thread hop: the listener does nothing until the next notification.
    /// </summary>
    private readonly SyncContext _context = Context(dataSource, settings, metrics, health, time, new SyncReporter(logger));

    private string? _fingerprint;

    /// <summary>
    /// Whether the next session uses the long command timeout. A dead connection is indistinguishable from a slow batch, so the first
    /// attempt uses the short one. If that times out, the next attempts use the long one until the queue is empty.
    /// </summary>
    private bool _useBulkTimeout;

    private static SyncContext Context(
        NpgsqlDataSource dataSource, WorkerSettings settings, SyncMetrics metrics, Health health, TimeProvider time,
        SyncReporter reporter) =>
        new(settings, metrics, new AsyncAutoResetEvent(runContinuationsInline: true),
            new SourceFollower(settings.Source, new SourceWatch(time), metrics, reporter), new LockWatch(dataSource, time),
            health.Begin("sync"), reporter, time);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pipeline = Reconnect.Pipeline("sync", time, _context.Health, (error, _) =>
        {
            // Where one connection is dead, the idle ones of the pool most probably are, too.
            dataSource.Clear();
            _context.Reporter.Interrupted(DatabaseErrors.Describe(error));
        });
        await pipeline.ExecuteAsync(async cancellation => await RunSessionAsync(cancellation), stoppingToken);
    }

    /// <summary>Runs until the session or the listener fails; throws what failed first.</summary>
    private async Task RunSessionAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        // Activated once: a worker that only reconnects was not started last.
        var installed = _fingerprint is null
            ? await Installation.ActivateAsync(connection, settings, cancellation)
            : await Installation.CheckAsync(connection, settings, cancellation);
        _fingerprint ??= Installation.Fingerprint(installed);
        await using var listener = await ChannelListener.OpenAsync(dataSource, Channels.Change, ListenerProbeInterval, cancellation);
        listens.Opened(Channels.Change);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var session = new SyncSession(connection, _fingerprint, _useBulkTimeout, _context with { Settings = installed });
        var listening = listener.RunAsync(_context.Wake.Set, ending.Token);
        var syncing = session.RunAsync(ending.Token);
        var ended = await Task.WhenAny(listening, syncing);
        await ending.CancelAsync();
        await Task.WhenAll(listening, syncing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var timedOut = ended == syncing && syncing.Exception?.InnerException is NpgsqlException { InnerException: TimeoutException };
        _useBulkTimeout = session.UsesBulkTimeout || timedOut;
        await ended;
    }
}
