using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Runs sessions with one Asterisk over AMI, one after the other: connects, waits for its boot, and runs the loops of the session.
/// </summary>
internal sealed partial class AmiSession(
    NodeSettings node, WorkerSettings settings, NpgsqlDataSource dataSource, ContactTracker tracker, EndpointAnnouncer announcer,
    NodeState state, NodeMetrics metrics, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>How long FullyBooted may be missing before the AMI user's permissions are checked.</summary>
    private static readonly TimeSpan BootPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LogoffTimeout = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<AmiSession>();
    private readonly ContactEventHandler _handler = new(tracker, announcer, state, metrics);
    private readonly MessageLamps _messageLamps = new(node, dataSource, time, loggers.CreateLogger<MessageLamps>());
    private readonly ContactTable _contactTable = new(dataSource, settings.Realtime.Schema);

    /// <summary>The cache expirer of the running session; null between sessions.</summary>
    private volatile CacheExpirer? _expirer;

    /// <summary>Wakes the loops that tell Asterisk of changes, because the ps_* tables have a new revision. Thread-safe.</summary>
    public void OnRevision()
    {
        _expirer?.OnRevision();
        announcer.OnRevision();
        state.ReferencesMayDiffer.Set();
        _messageLamps.OnRevision();
    }

    /// <summary>Runs one session until it is cancelled or ends.</summary>
    /// <exception cref="AmiException">Asterisk cannot be reached, refuses the login, or the connection ended.</exception>
    /// <exception cref="AsteriskRefusalException">The AMI user may not ask what a session needs to know.</exception>
    /// <exception cref="NpgsqlException">The database failed at the start of the session.</exception>
    public async Task RunAsync(HealthPart health, CancellationToken cancellation)
    {
        await using var connection = await AmiConnection.ConnectAsync(
            NodeAccess.Options(node, ContactEventHandler.Events, ResponseTimeout, PingInterval), _handler,
            loggers.CreateLogger<AmiConnection>(), time, cancellation);
        try
        {
            await WaitUntilBootedAsync(connection, health, cancellation);
            health.Progress();
            await CheckPermissionsAsync(connection, cancellation);
            await FollowAsync(connection, health, cancellation);
        }
        finally
        {
            _expirer = null;
            state.Status = state.Status with { IsConnected = false };
            metrics.SessionEnded();
            state.ContactsChanged.Set();
            if (cancellation.IsCancellationRequested)
                await connection.LogoffAsync(CancellationToken.None).WaitAsync(LogoffTimeout, time, CancellationToken.None)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Waits for FullyBooted without a limit, because pings show that Asterisk lives. A user without the class system never receives the
    /// event, so the wait ends when the user turns out to lack that class.
    /// </summary>
    private async Task WaitUntilBootedAsync(AmiConnection connection, HealthPart health, CancellationToken cancellation)
    {
        health.Report("connected, waiting until Asterisk has fully booted", Timeout.InfiniteTimeSpan);
        var booted = Task.WhenAny(connection.FullyBooted, connection.Completion);
        while (await Task.WhenAny(booted, Task.Delay(BootPatience, time, cancellation)) != booted)
        {
            cancellation.ThrowIfCancellationRequested();
            if ((await CheckPermissionsAsync(connection, cancellation)).Contains(AmiPermissions.ReadSystem))
                return;
        }
        if (connection.Completion.IsCompleted)
            await connection.Completion;
    }

    /// <summary>
    /// Logs the permissions that the AMI user lacks when they are others than before, because Asterisk sends no such events at all.
    /// </summary>
    private async Task<List<string>> CheckPermissionsAsync(AmiConnection connection, CancellationToken cancellation)
    {
        var missing = await AmiPermissions.MissingAsync(connection, node.Username, cancellation);
        var text = string.Join(", ", missing);
        if (text.Length > 0 && text != state.Status.MissingPermissions)
            Log.LacksPermissions(_logger, node.Name, node.Username, text);
        state.Status = state.Status with { MissingPermissions = text };
        return missing;
    }

    private async Task FollowAsync(AmiConnection connection, HealthPart health, CancellationToken cancellation)
    {
        var asterisk = new AsteriskQueries(connection);
        var identity = await asterisk.IdentifyAsync(cancellation);
        var (isKnown, cachedRevision, startedAt) =
            await announcer.Ledger.IdentifyAsync(identity, await asterisk.CodecsAsync(cancellation), cancellation);
        using var expirer = new CacheExpirer(
            connection, announcer.Ledger, cachedRevision, node.Name, time, loggers.CreateLogger<CacheExpirer>());
        // Changes from before this session are expired first: Asterisk would announce what its caches still have.
        await expirer.CatchUpAsync(cancellation);
        _expirer = expirer;
        await announcer.BeginAsync(isKnown, startedAt, cancellation);
        tracker.BeginSession();
        state.Status = state.Status with { IsConnected = true, SnapshotProblem = null };
        metrics.SessionBegan();
        Log.Following(_logger, node.Name, identity.Version is { } version ? UntrustedText.Escape(version) : "of unknown version");
        state.SnapshotWanted.Set();
        state.FilesMayDiffer.Set();
        await RunLoopsAsync(connection, identity, await asterisk.ReadsThroughViewAsync(cancellation), expirer, health, cancellation);
    }

    /// <summary>Runs the loops until the first of them ends, and ends with its result.</summary>
    private async Task RunLoopsAsync(
        AmiConnection connection, AsteriskIdentity identity, bool readsThroughView, CacheExpirer expirer, HealthPart health,
        CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var commands = new CommandConnection(node, metrics, time);
        var interval = settings.Asterisk.SnapshotInterval;
        var snapshots = new SnapshotLoop(
            node, settings.Asterisk, _contactTable, tracker, announcer, state, metrics, time, loggers.CreateLogger<SnapshotLoop>());
        var reader = new SnapshotReader(connection, identity.SystemName, time);
        var files = new ServerFilesLoop(
            node, settings.Asterisk.Render.CarrierEndpoint, dataSource, state, _handler, time, loggers.CreateLogger<ServerFilesLoop>());
        var references = new ReferencesLoop(node, settings.Realtime.Schema, dataSource, state, time);
        Task[] loops =
        [
            connection.Completion,
            snapshots.RunAsync(reader, new FixedContacts(connection, time), health, ending.Token),
            expirer.RunAsync(ending.Token),
            files.RunAsync(expirer, ending.Token),
            references.RunAsync(connection, ending.Token),
            _messageLamps.RunAsync(interval, ending.Token),
            announcer.RunAsync(commands, readsThroughView, expirer, interval, state.SnapshotWanted.Set, ending.Token),
        ];
        var ended = await Task.WhenAny(loops);
        await ending.CancelAsync();
        await Task.WhenAll(loops[1..]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.NodeFollowed, LogLevel.Information, "Following Asterisk {Node}, {Version}")]
        public static partial void Following(ILogger logger, string node, string version);

        [LoggerMessage(EventIds.AmiPermissionsMissing, LogLevel.Error,
            "Asterisk {Node}: the AMI user {User} lacks {Missing}; "
            + "in its section of manager.conf it needs read = system,call and write = system,reporting,command")]
        public static partial void LacksPermissions(ILogger logger, string node, string user, string missing);
    }
}
