using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Nodes;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Registrations;

/// <summary>Loop 2: a follower for each Asterisk node, one status writer for all of them, and the revisions that wake them.</summary>
internal sealed partial class RegistrationService : BackgroundService
{
    /// <summary>How long the listening connection may be silent before it is tested.</summary>
    private static readonly TimeSpan ListenerProbeInterval = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _dataSource;
    private readonly WorkerSettings _settings;
    private readonly StatusWriter _statusWriter;
    private readonly ListenMetrics _listens;
    private readonly Health _health;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HealthPart _listenHealth;
    private readonly Func<WorkerSettings, NodeFollower[]> _makeFollowers;
    private NodeFollower[] _followers;
    private readonly AsyncAutoResetEvent _revised = new();

    public RegistrationService(
        NpgsqlDataSource dataSource, WorkerSettings settings, StatusWriter statusWriter, RegistrationMetrics metrics, ListenMetrics listens,
        Health health, TimeProvider time, ILoggerFactory loggers)
    {
        (_dataSource, _settings, _statusWriter, _listens, _health, _time) = (dataSource, settings, statusWriter, listens, health, time);
        _logger = loggers.CreateLogger<RegistrationService>();
        _listenHealth = health.Begin("registrations");
        _makeFollowers = installed => [.. settings.Asterisk.Nodes.Select(node =>
            new NodeFollower(node, installed, dataSource, statusWriter, metrics.Node(node.Name), health, time, loggers))];
        // Empty: the database did not answer at the start, and nobody knows yet where the ps_* tables are.
        _followers = settings.Realtime.Schema.Length > 0 ? _makeFollowers(settings) : [];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_settings.Asterisk.Nodes.Count == 0)
        {
            Log.Off(_logger);
            _listenHealth.Report(null, Timeout.InfiniteTimeSpan);
            return;
        }
        if (_followers.Length == 0)
            _followers = _makeFollowers(await WaitForInstalledAsync(stoppingToken));
        // Every health part is registered before one of them reports, so that the worker does not count as started too early.
        var statusHealth = _health.Begin("status");
        // The first loop that fails ends the daemon, so that systemd starts it again.
        await RunUntilFirstEndsAsync(
            token => [.. _followers.Select(follower => follower.RunAsync(token)), _statusWriter.RunAsync(statusHealth, token),
                ListenAsync(token)],
            stoppingToken);
    }

    /// <summary>Waits until the database answers, and returns the settings with the schema that is installed there.</summary>
    private async Task<WorkerSettings> WaitForInstalledAsync(CancellationToken cancellation)
    {
        var pipeline = Reconnect.Pipeline("installation", _time, _listenHealth,
            (error, _) => Log.ListenLost(_logger, DatabaseErrors.Describe(error)));
        return await pipeline.ExecuteAsync(async token =>
        {
            await using var connection = await _dataSource.OpenConnectionAsync(token);
            return await Installation.CheckAsync(connection, _settings, token);
        }, cancellation);
    }

    /// <summary>Listens for new revisions of the ps_* tables, and reconnects when the connection is lost.</summary>
    private async Task ListenAsync(CancellationToken cancellation)
    {
        var pipeline = Reconnect.Pipeline("revisions", _time, _listenHealth,
            (error, _) => Log.ListenLost(_logger, DatabaseErrors.Describe(error)));
        await pipeline.ExecuteAsync(async token =>
        {
            await using var listener = await ChannelListener.OpenAsync(_dataSource, Channels.Revision, ListenerProbeInterval, token);
            _listens.Opened(Channels.Revision);
            _revised.Set();
            await RunUntilFirstEndsAsync(
                session => [listener.RunAsync(_revised.Set, session), ForwardRevisionsAsync(session)], token);
        }, cancellation);
    }

    /// <summary>Starts loops, cancels all of them when the first one ends, and ends with the result of that one.</summary>
    private static async Task RunUntilFirstEndsAsync(Func<CancellationToken, Task[]> start, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loops = start(ending.Token);
        var ended = await Task.WhenAny(loops);
        await ending.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended;
    }

    /// <summary>
    /// Tells the followers of each revision, and the status writer of the endpoints that changed, because the status of a re-imported row
    /// is wrong at first. Without a notification it looks every <c>Sync:PollInterval</c>.
    /// </summary>
    private async Task ForwardRevisionsAsync(CancellationToken cancellation)
    {
        var seen = await NewestRevisionAsync(cancellation);
        _statusWriter.EnqueueAll();
        while (true)
        {
            _listenHealth.Report(null, _settings.Sync.PollInterval);
            await _revised.WaitAsync(_settings.Sync.PollInterval, _time, cancellation);
            foreach (var follower in _followers)
                follower.OnRevision();
            seen = await EnqueueChangedAsync(seen, cancellation);
        }
    }

    private async Task<long> NewestRevisionAsync(CancellationToken cancellation)
    {
        await using var command = _dataSource.CreateCommand("select coalesce(max(revision), 0) from pjsip_sync.managed_endpoint");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <param name="seen">Only endpoints that changed after this revision are enqueued.</param>
    /// <returns>The highest revision that was read, <paramref name="seen"/> when there was none.</returns>
    private async Task<long> EnqueueChangedAsync(long seen, CancellationToken cancellation)
    {
        await using var command = _dataSource.CreateCommand("select id, revision from pjsip_sync.managed_endpoint where revision > $1");
        command.Parameters.Add(new() { Value = seen });
        var changed = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            changed.Add(reader.GetString(0));
            seen = Math.Max(seen, reader.GetInt64(1));
        }
        if (changed.Count > 0)
            _statusWriter.Enqueue(changed);
        return seen;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.RegistrationsOff, LogLevel.Information, "No Asterisk nodes are configured: registrations are not followed")]
        public static partial void Off(ILogger logger);

        [LoggerMessage(EventIds.RevisionChannelLost, LogLevel.Warning,
            "New revisions of the ps_* tables cannot be listened for, the next attempt follows: {Reason}")]
        public static partial void ListenLost(ILogger logger, string reason);
    }
}
