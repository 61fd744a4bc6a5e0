using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Status;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Follows one Asterisk: composes and supervises its AMI sessions and the writer of its contacts. Each side reconnects by itself, and the
/// other goes on meanwhile, because the tracker between them is in memory.
/// </summary>
internal sealed partial class NodeFollower
{
    private static readonly TimeSpan LeaseRetry = TimeSpan.FromSeconds(1);

    private readonly NodeSettings _node;
    private readonly NpgsqlDataSource _dataSource;
    private readonly Health _health;
    private readonly HealthPart _storeHealth;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EndpointAnnouncer _announcer;
    private readonly NodeMetrics _metrics;
    private readonly AmiSession _session;
    private readonly ContactWriter _writer;

    /// <summary>
    /// Composes the parts. Registers the node's health, so that the worker does not count as started before the first pass.
    /// </summary>
    public NodeFollower(
        NodeSettings node, WorkerSettings settings, NpgsqlDataSource dataSource, StatusWriter statusWriter, NodeMetrics metrics,
        Health health, TimeProvider time, ILoggerFactory loggers)
    {
        (_node, _dataSource, _health, _time, _logger) = (node, dataSource, health, time, loggers.CreateLogger<NodeFollower>());
        _metrics = metrics;
        _storeHealth = health.Begin($"registrations of {node.Name}");
        var tracker = new ContactTracker(time);
        var ledger = new AnnouncementLedger(dataSource, node.Name, settings.Realtime.Schema);
        _announcer = new EndpointAnnouncer(node, settings.Asterisk.RefreshesPerSecond, ledger, metrics.Announcements, time, loggers);
        var state = new NodeState(node, _announcer);
        _session = new AmiSession(node, settings, dataSource, tracker, _announcer, state, metrics, time, loggers);
        _writer = new ContactWriter(node, settings.Asterisk, tracker, state, statusWriter, time, loggers.CreateLogger<ContactWriter>());
    }

    /// <summary>Wakes the loops that tell Asterisk of changes, because the ps_* tables have a new revision. Thread-safe.</summary>
    public void OnRevision() => _session.OnRevision();

    /// <summary>Gets the lease on the node, follows its Asterisk, and writes what it reports, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Task? following = null;
        using var follow = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pipeline = Reconnect.Pipeline($"store {_node.Name}", _time, _storeHealth,
            (error, _) => Log.StoreLost(_logger, _node.Name, DatabaseErrors.Describe(error)));
        try
        {
            await pipeline.ExecuteAsync(async token =>
            {
                await using var lease = await AcquireLeaseAsync(token);
                await _writer.LoadAsync(lease, token);
                // Asterisk's connections to the database may have broken with ours.
                if (following is not null)
                    _announcer.OnDatabaseRestored();
                following ??= FollowAsync(follow.Token);
                await _writer.RunAsync(lease, following, _storeHealth, token);
            }, cancellation);
        }
        finally
        {
            await follow.CancelAsync();
            if (following is not null)
                await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<NodeLease> AcquireLeaseAsync(CancellationToken cancellation)
    {
        for (var isLogged = false; ; isLogged = true)
        {
            var lease = await NodeLease.TryAcquireAsync(_dataSource, _node.Name, _time, cancellation);
            _metrics.StandsBy = lease is null;
            if (lease is not null)
                return lease;
            if (!isLogged)
                Log.AnotherFollows(_logger, _node.Name);
            _storeHealth.Report(null, LeaseRetry);
            await Task.Delay(LeaseRetry, _time, cancellation);
        }
    }

    /// <summary>
    /// Runs one AMI session after the other. A worker without the lease has no health of the node, because another worker reports it.
    /// </summary>
    private async Task FollowAsync(CancellationToken cancellation)
    {
        var health = _health.Begin($"Asterisk {_node.Name}", isNode: true, () => _announcer.Note);
        var pipeline = Reconnect.Pipeline($"ami {_node.Name}", _time, health, (error, delay) =>
        {
            if (error is AmiAuthenticationException)
                Log.Refused(_logger, _node.Name, DatabaseErrors.Describe(error), delay.TotalSeconds);
            else
                Log.Lost(_logger, _node.Name, DatabaseErrors.Describe(error), delay.TotalSeconds);
        }, slowAfter: error => error is AmiAuthenticationException);
        await pipeline.ExecuteAsync(async token => await _session.RunAsync(health, token), cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.NodeLost, LogLevel.Warning, "Lost Asterisk {Node}: {Reason}; the next attempt follows in {Seconds:0.0} s")]
        public static partial void Lost(ILogger logger, string node, string reason, double seconds);

        [LoggerMessage(EventIds.NodeRefusedLogin, LogLevel.Error,
            "Asterisk {Node} refuses the login: {Reason}; the next attempt follows in {Seconds:0} s")]
        public static partial void Refused(ILogger logger, string node, string reason, double seconds);

        [LoggerMessage(EventIds.ContactsNotWritten, LogLevel.Warning,
            "Registrations of {Node} cannot be written, the next attempt follows: {Reason}")]
        public static partial void StoreLost(ILogger logger, string node, string reason);

        [LoggerMessage(EventIds.NodeFollowedByAnother, LogLevel.Information, "Another worker follows {Node}; this one stands by")]
        public static partial void AnotherFollows(ILogger logger, string node);
    }
}
