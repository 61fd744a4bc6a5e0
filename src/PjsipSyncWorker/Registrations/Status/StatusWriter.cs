using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Status;

/// <summary>
/// Keeps <c>extensions.status</c> equal to the view <c>pjsip_sync.registration</c>: enqueued extensions at once, and all of them every
/// <c>Asterisk:SnapshotInterval</c>. Never waits for rows of the application: a locked row is tried again. Enqueuing is thread-safe.
/// </summary>
internal sealed partial class StatusWriter(
    NpgsqlDataSource dataSource, WorkerSettings settings, RegistrationMetrics metrics, TimeProvider time, ILogger<StatusWriter> logger)
{
    /// <summary>The pause before rows that the application had locked are tried again.</summary>
    private static readonly TimeSpan LockedRowRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>How often expired contacts and stale nodes are looked for; also the pause after a failure.</summary>
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromSeconds(1);

    private readonly AsyncAutoResetEvent _wake = new();
    private readonly StatusQueue _queue = new();
    private readonly StatusStore _store = new(dataSource, settings.Source, metrics, time, logger);
    private readonly ExpiryWatch _expiry = new(dataSource, time);

    /// <summary>When expiries were last looked for, as a timestamp; null for never.</summary>
    private long? _lastExpiryCheck;

    private bool _hasDueRejections;
    private string? _loggedProblem;

    /// <summary>Compares these extensions soon, because their contacts changed.</summary>
    public void Enqueue(IEnumerable<string> endpoints)
    {
        _queue.Enqueue(endpoints);
        _wake.Set();
    }

    /// <summary>Compares all extensions soon.</summary>
    public void EnqueueAll()
    {
        _queue.Enqueue([], all: true);
        _wake.Set();
    }

    /// <summary>
    /// Writes statuses until cancelled. A failure of the database is logged, reported as the health's problem, and tried again.
    /// </summary>
    public async Task RunAsync(HealthPart health, CancellationToken cancellation)
    {
        try
        {
            await LoopAsync(health, cancellation);
        }
        finally
        {
            _store.Phones.Write();
        }
    }

    private async Task LoopAsync(HealthPart health, CancellationToken cancellation)
    {
        var lastFullComparison = time.GetTimestamp();
        while (true)
        {
            if (await RunOnceAsync(cancellation) is { } problem)
                health.Fail(problem, ExpiryInterval);
            else
                health.Report(null, ExpiryInterval);
            if (_store.Phones.IsWaiting)
                health.NumbersChanged();
            _store.Phones.WriteIfDue();
            await _wake.WaitAsync(ExpiryInterval, time, cancellation);
            if (time.GetElapsedTime(lastFullComparison) < settings.Asterisk.SnapshotInterval)
                continue;
            lastFullComparison = time.GetTimestamp();
            _queue.Enqueue([], all: true);
            await ForgetAbsentNodesAsync(cancellation);
        }
    }

    private async Task ForgetAbsentNodesAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            "select name from pjsip_sync.node where last_seen_at < now() - $1 and pjsip_sync.forget_node(name)");
        command.Parameters.Add(new() { Value = settings.Asterisk.ForgetAfter });
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                Log.Forgotten(logger, reader.GetString(0), settings.Asterisk.ForgetAfter.TotalDays);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            // The node has been absent for days, so the next attempt is soon enough.
        }
    }

    /// <returns>Why statuses could not be written, in words for an operator; null when they were written.</returns>
    private async Task<string?> RunOnceAsync(CancellationToken cancellation)
    {
        var (ids, all) = _queue.Dequeue();
        try
        {
            var expired = all ? [] : await DequeueExpiredAsync(cancellation);
            if (_hasDueRejections)
                await _store.RetryRejectedAsync(cancellation);
            var locked = all
                ? await _store.WriteMismatchesAsync(cancellation)
                : await _store.WriteAsync([.. ids.Union(expired)], cancellation);
            _loggedProblem = null;
            if (locked.Count == 0)
                return null;
            await Task.Delay(LockedRowRetry, time, cancellation);
            Enqueue(locked);
            return null;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            var problem = error is not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } ? DatabaseErrors.Describe(error)
                : _store.LockHolder is { } holder ? $"waits for a lock: {holder}" : null;
            // A server that crashed lost the commits that were not on its disk yet, so everything is compared again.
            _queue.Enqueue(ids, all || problem is not null);
            if (problem is not null && problem != _loggedProblem)
                Log.Failed(logger, _loggedProblem = problem);
            await Task.Delay(ExpiryInterval, time, cancellation);
            return problem;
        }
    }

    /// <returns>
    /// The endpoints whose status is no longer right because time has passed; none until <see cref="ExpiryInterval"/> is over.
    /// </returns>
    private async Task<string[]> DequeueExpiredAsync(CancellationToken cancellation)
    {
        if (_lastExpiryCheck is { } last && time.GetElapsedTime(last) < ExpiryInterval)
            return [];
        (var expired, _hasDueRejections) = await _expiry.DequeueAsync(cancellation);
        _lastExpiryCheck = time.GetTimestamp();
        return expired;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.StatusNotWritten, LogLevel.Warning, "Status could not be written, the next attempt follows: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(EventIds.NodeForgotten, LogLevel.Warning,
            "Asterisk {Node} was not seen for {Days:0.#} d (Asterisk:ForgetAfter): it is forgotten, and its registrations with it")]
        public static partial void Forgotten(ILogger logger, string node, double days);
    }
}
