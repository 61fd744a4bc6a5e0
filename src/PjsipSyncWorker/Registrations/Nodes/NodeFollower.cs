using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Status;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Follows one Asterisk: its events go into a tracker in memory, the tracker's differences into the database.
/// Either side may be away; the other goes on.
/// </summary>
internal sealed partial class NodeFollower(
    NodeSettings node, WorkerSettings settings, NpgsqlDataSource dataSource, StatusWriter statusWriter, NodeMetrics metrics, Health health, TimeProvider time, ILogger<NodeFollower> logger) : IAmiEventHandler
{
    /// <summary>The shortest rest between two snapshots.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(250);

    /// <summary>How long FullyBooted may be missing before it is asked whether this user hears of it at all.</summary>
    private static readonly TimeSpan BootPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LogoffPatience = TimeSpan.FromSeconds(1);

    /// <summary>An Asterisk that has just booted, or was just found, comes to know its phones bit by bit: it is looked at more often.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(10);

    /// <summary>How soon a lamp that seems wrong is looked at again.</summary>
    private static readonly TimeSpan LampLook = TimeSpan.FromSeconds(15);

    /// <summary>How often the server's own files are read without a reload that says they may differ.</summary>
    private static readonly TimeSpan FilesInterval = TimeSpan.FromMinutes(10);

    /// <summary>How often all that extensions name is looked for anew on the server. Asterisk sends no event for "dialplan reload".</summary>
    private static readonly TimeSpan ReferencesInterval = TimeSpan.FromMinutes(1);

    /// <summary>The shortest time between two looks at what extensions name.</summary>
    private static readonly TimeSpan ReferencesPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ExpiryMargin = TimeSpan.FromSeconds(3);

    /// <summary>Names and addresses of phones, which come in every event.</summary>
    private readonly Utf8StringCache _words = new(most: 1_000_000);

    private readonly ContactTracker _tracker = new(time);
    private readonly EndpointAnnouncer _announcer = new(
        node, settings.Asterisk.RefreshesPerSecond, new AnnouncementLedger(dataSource, node.Name, settings.Realtime.Schema), metrics.Announcements, time, logger);

    private readonly MessageLamps _messageLamps = new(node, dataSource, time, logger);

    private volatile CacheExpirer? _expirer;
    private readonly ContactTable _contactTable = new(dataSource, settings.Realtime.Schema);
    private readonly AsyncAutoResetEvent _changed = new();
    private readonly AsyncAutoResetEvent _snapshotWanted = new();
    private readonly AsyncAutoResetEvent _filesMayDiffer = new();
    private readonly AsyncAutoResetEvent _referencesMayDiffer = new();
    private volatile bool _serverMayDiffer;
    private readonly ReservedNumbers _reserved = new(dataSource, node.Name);
    private long _sessionBegan;
    private volatile bool _connected;
    private volatile string? _degraded;
    private volatile bool _lampsUndecided;
    private volatile string _rightsMissing = "";

    /// <summary>Why what is known of this node may not be the truth, or null.</summary>
    private string? Problem => _degraded ?? _announcer.Problem ?? (_rightsMissing.Length > 0 ? $"the AMI user {node.Username} lacks {_rightsMissing}" : null);

    /// <summary>The target has a new revision: Asterisk may have to be told.</summary>
    public void Revised()
    {
        _expirer?.Revised();
        _announcer.Revised();
        _referencesMayDiffer.Set();
        _messageLamps.Revised();
    }

    /// <summary>Until cancelled: holds the node's lock, follows its Asterisk, writes what it learns.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Task? following = null;
        var part = health.Begin($"registrations of {node.Name}");
        using var follow = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pipeline = Reconnect.Pipeline($"store {node.Name}", time, part, (error, _) => Log.StoreLost(logger, node.Name, DatabaseErrors.Describe(error)));
        try
        {
            await pipeline.ExecuteAsync(async token =>
            {
                await using var store = await OpenStoreAsync(part, token);
                await LoadAsync(store, token);
                if (following is not null)
                    _announcer.DatabaseIsBack();
                following ??= FollowAsync(follow.Token);
                await WriteAsync(store, following, part, token);
            }, cancellation);
        }
        finally
        {
            await follow.CancelAsync();
            if (following is not null)
                await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    void IAmiEventHandler.OnEvent(in AmiMessage message)
    {
        var name = message.Event;
        metrics.Event(name);
        if (name.SequenceEqual("ContactStatus"u8))
        {
            var endpoint = message.Get("EndpointName"u8) is { Length: > 0 } own ? own : message.Get("AOR"u8);
            var uri = message.Get("URI"u8);
            if (endpoint.IsEmpty || uri.IsEmpty)
                return;
            var status = message.Get("ContactStatus"u8) is { Length: > 0 } said ? _words.Of(said) : "Unknown";
            if (_tracker.OnContactStatus(new ContactKey(_words.Of(endpoint), _words.Of(uri)), status, AsteriskSession.RoundTrip(message.Get("RoundtripUsec"u8))))
                _snapshotWanted.Set();
            if (_tracker.HasUrgentChanges)
                _changed.Set();
        }
        else if (name.SequenceEqual("DeviceStateChange"u8))
        {
            if (AsteriskSession.DeviceOf(_words.Of(message.Get("Device"u8))) is not { } endpoint || message.Get("State"u8) is not { Length: > 0 } state)
                return;
            _tracker.OnDeviceState(endpoint, _words.Of(state));
            _changed.Set();
        }
        else if (name.SequenceEqual("PeerStatus"u8))
        {
            // The announcement of an endpoint tells of its phones by this alone.
            if (AsteriskSession.DeviceOf(AsteriskSession.Text(message, "Peer"u8)) is { } endpoint && !_tracker.Knows(endpoint))
                _snapshotWanted.Set();
        }
        else if (name.SequenceEqual("Reload"u8))
        {
            if (AsteriskSession.TouchesPjsip(AsteriskSession.Text(message, "Module"u8)))
            {
                _announcer.Reloaded();
                _filesMayDiffer.Set();
            }
            _serverMayDiffer = true;
            _referencesMayDiffer.Set();
        }
    }

    void IAmiEventHandler.OnActionEnded(string action, string result, TimeSpan took) => metrics.Action(action, result, took);

    /// <summary>Waits until this worker is the one that follows the node.</summary>
    private async Task<NodeStore> OpenStoreAsync(HealthPart part, CancellationToken cancellation)
    {
        for (var told = false; ; told = true)
        {
            if (await NodeStore.TryOpenAsync(dataSource, node.Name, time, cancellation) is { } store)
                return store;
            if (!told)
                Log.AnotherFollows(logger, node.Name);
            part.Report(null, TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
        }
    }

    /// <summary>Writes the tracker's differences as they come; ends with the database's failure.</summary>
    private async Task WriteAsync(NodeStore store, Task following, HealthPart part, CancellationToken cancellation)
    {
        var heartbeat = TimeSpan.FromTicks(Math.Min(TimeSpan.FromSeconds(5).Ticks, settings.Asterisk.StaleAfter.Ticks / 4));
        var seen = time.GetTimestamp() - time.TimestampFrequency * 3600;
        var loaded = time.GetTimestamp();
        var wasConnected = false;
        while (!following.IsCompleted)
        {
            // Somebody else may have written: another worker a contact that is gone, a person anything.
            if (time.GetElapsedTime(loaded) >= settings.Asterisk.SnapshotInterval)
            {
                await LoadAsync(store, cancellation);
                loaded = time.GetTimestamp();
            }
            var changes = _tracker.DequeueChanges();
            if (!changes.IsEmpty)
            {
                try
                {
                    foreach (var endpoint in (await store.WriteAsync(changes, cancellation)).Distinct())
                        Log.NotHeld(logger, UntrustedText.Escape(endpoint), node.Name);
                }
                catch
                {
                    _tracker.Requeue(changes);
                    throw;
                }
                _tracker.Acknowledge(changes);
                statusWriter.Enqueue(changes.EndpointsOfNewStatus);
            }
            if (time.GetElapsedTime(seen) >= heartbeat || wasConnected != _connected)
            {
                wasConnected = _connected;
                await store.HeartbeatAsync(wasConnected, Problem, cancellation);
                seen = time.GetTimestamp();
            }
            part.Report(null, heartbeat);
            await _changed.WaitAsync(heartbeat, time, cancellation);
        }
        await following;
    }

    private async Task LoadAsync(NodeStore store, CancellationToken cancellation)
    {
        if (await store.LoadAsync(_tracker, cancellation))
            _snapshotWanted.Set();
    }

    /// <summary>One AMI session after another.</summary>
    private async Task FollowAsync(CancellationToken cancellation)
    {
        var part = health.Begin($"Asterisk {node.Name}", isNode: true, () => _announcer.Note);
        var pipeline = Reconnect.Pipeline($"ami {node.Name}", time, part, (error, delay) =>
        {
            if (error is AmiAuthenticationException)
                Log.Refused(logger, node.Name, DatabaseErrors.Describe(error), delay.TotalSeconds);
            else
                Log.Lost(logger, node.Name, DatabaseErrors.Describe(error), delay.TotalSeconds);
        }, slowAfter: error => error is AmiAuthenticationException);
        await pipeline.ExecuteAsync(async token => await SessionAsync(part, token), cancellation);
    }

    private async Task SessionAsync(HealthPart part, CancellationToken cancellation)
    {
        await using var connection = await AmiConnection.ConnectAsync(
            NodeAccess.Options(node, AsteriskSession.Events, AnswerPatience, PingInterval), this, logger, time, cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await WaitUntilBootedAsync(connection, part, cancellation);
            part.Progress();
            await SayMissingRightsAsync(connection, cancellation);
            var asterisk = new AsteriskSession(connection, time);
            var (process, version, systemName, uptime) = await asterisk.IdentifyAsync(cancellation);
            var (isKnown, cached, startedAt) = await _announcer.Ledger.IdentifyAsync(process, version, systemName, uptime, await asterisk.CodecsAsync(cancellation), cancellation);
            using var expirer = new CacheExpirer(connection, _announcer.Ledger, cached, node.Name, time, logger);
            // What changed while nobody could say so goes before everything else.
            await expirer.CatchUpAsync(cancellation);
            _expirer = expirer;
            await _announcer.BeginAsync(isKnown, startedAt, cancellation);
            _tracker.BeginSession();
            _sessionBegan = time.GetTimestamp();
            (_connected, _degraded) = (true, null);
            metrics.SessionBegan();
            Log.Following(logger, node.Name, version is null ? "of unknown version" : UntrustedText.Escape(version));
            _snapshotWanted.Set();
            _filesMayDiffer.Set();
            await using var commands = new CommandConnection(node, metrics, time);
            Task[] loops =
            [
                connection.Completion,
                SnapshotsAsync(asterisk, part, ending.Token),
                expirer.RunAsync(ending.Token),
                FollowFilesAsync(expirer, ending.Token),
                FollowReferencesAsync(connection, ending.Token),
                _messageLamps.RunAsync(settings.Asterisk.SnapshotInterval, ending.Token),
                _announcer.RunAsync(commands, await asterisk.ReadsThroughViewAsync(cancellation), expirer, settings.Asterisk.SnapshotInterval, _snapshotWanted.Set, ending.Token),
            ];
            var ended = await Task.WhenAny(loops);
            await ending.CancelAsync();
            await Task.WhenAll(loops[1..]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ended;
        }
        finally
        {
            _expirer = null;
            _connected = false;
            metrics.SessionEnded();
            _changed.Set();
            if (cancellation.IsCancellationRequested)
                await connection.LogoffAsync(CancellationToken.None).WaitAsync(LogoffPatience, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>How long that takes is Asterisk's affair; that it lives is asked by pings. A user without class system never hears of it.</summary>
    private async Task WaitUntilBootedAsync(AmiConnection connection, HealthPart part, CancellationToken cancellation)
    {
        part.Report("connected, waiting until Asterisk has fully booted", Timeout.InfiniteTimeSpan);
        var told = Task.WhenAny(connection.FullyBooted, connection.Completion);
        while (await Task.WhenAny(told, Task.Delay(BootPatience, time, cancellation)) != told)
        {
            cancellation.ThrowIfCancellationRequested();
            if ((await SayMissingRightsAsync(connection, cancellation)).Contains(AmiPermissions.ReadSystem))
                return;
        }
        if (connection.Completion.IsCompleted)
            await connection.Completion;
    }

    /// <summary>Says once what the AMI user lacks: events of a class that it may not read simply never come.</summary>
    private async Task<List<string>> SayMissingRightsAsync(AmiConnection connection, CancellationToken cancellation)
    {
        var missing = await AmiPermissions.MissingAsync(connection, node.Username, cancellation);
        var said = string.Join(", ", missing);
        if (said.Length > 0 && said != _rightsMissing)
            Log.LacksRights(logger, node.Name, node.Username, said);
        _rightsMissing = said;
        return missing;
    }

    /// <summary>A snapshot at the start, every interval, and when an event left something open.</summary>
    private async Task SnapshotsAsync(AsteriskSession asterisk, HealthPart part, CancellationToken cancellation)
    {
        var fixedContacts = new FixedContacts(asterisk);
        while (true)
        {
            await _snapshotWanted.WaitAsync(UntilNextSnapshot(), time, cancellation);
            fixedContacts.Written = await _contactTable.FixedAsync(cancellation) ?? fixedContacts.Written;
            var watch = time.GetTimestamp();
            try
            {
                if (await asterisk.SnapshotAsync(_tracker, fixedContacts, _contactTable.HasNoneAsync, part.Progress, cancellation))
                    _snapshotWanted.Set();
                metrics.Snapshot(time.GetElapsedTime(watch));
                _lampsUndecided = _announcer.OnSnapshot(_tracker.Count, _tracker.Unlit());
                _degraded = null;
                _changed.Set();
                MemoryTrimmer.TrimAfter(_tracker.Count);
            }
            catch (AsteriskRefusalException error)
            {
                if (_degraded is null)
                    Log.Degraded(logger, node.Name, error.Message);
                _degraded = error.Message;
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                _snapshotWanted.Set();
            }
            // Never more than a fifth of Asterisk's time, and several wishes at once are one.
            var pause = time.GetElapsedTime(watch) * 4;
            pause = pause > Breath ? pause : Breath;
            part.Report(Problem, pause + UntilNextSnapshot());
            await Task.Delay(pause, time, cancellation);
        }
    }

    /// <summary>
    /// Learns the names of the objects in the server's own files. It has a connection of its own: a file of thousands of sections is more than
    /// one answer can hold, and the answer would end the session.
    /// </summary>
    private async Task FollowFilesAsync(CacheExpirer expirer, CancellationToken cancellation)
    {
        while (true)
        {
            await _filesMayDiffer.WaitAsync(FilesInterval, time, cancellation);
            try
            {
                await using var connection = await NodeAccess.ConnectAsync(node, AnswerPatience, FilesInterval, time, cancellation, handler: this);
                foreach (var name in await _reserved.ReplaceAsync(await new ServerFiles(connection).NamesAsync(cancellation), cancellation))
                    await expirer.ExpireAsync(name, cancellation);
            }
            catch (Exception error) when (error is AmiException or AsteriskRefusalException)
            {
                Log.FilesNotRead(logger, node.Name, UntrustedText.Escape(error.Message));
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                _filesMayDiffer.Set();
                await Task.Delay(Breath, time, cancellation);
            }
        }
    }

    /// <summary>Finds out which extensions name a transport, a context or an ACL that this server does not have.</summary>
    private async Task FollowReferencesAsync(AmiConnection connection, CancellationToken cancellation)
    {
        var references = new MissingReferences(connection, dataSource, settings.Realtime.Schema);
        var seen = 0L;
        _referencesMayDiffer.Set();
        while (true)
        {
            if (!await _referencesMayDiffer.WaitAsync(ReferencesInterval, time, cancellation) || _serverMayDiffer)
            {
                _serverMayDiffer = false;
                references.Forget();
                seen = 0;
            }
            try
            {
                var missing = await references.MissingAsync(await references.AllAsync(seen, cancellation), cancellation);
                seen = await references.NoteAsync(node.Name, missing, seen, cancellation);
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error) || error is AsteriskRefusalException or RealtimeSchemaException)
            {
                // The other loops report a database, an AMI user or tables that fail.
            }
            await Task.Delay(ReferencesPause, time, cancellation);
        }
    }

    private TimeSpan UntilNextSnapshot()
    {
        if (_degraded is not null || time.GetElapsedTime(_sessionBegan) < Unsettled)
            return TimeSpan.FromSeconds(2);
        var longest = _lampsUndecided && settings.Asterisk.SnapshotInterval > LampLook ? LampLook : settings.Asterisk.SnapshotInterval;
        // A registration that is refreshed in silence would seem to expire: look again shortly before.
        var soon = time.GetUtcNow() + ExpiryMargin;
        return _tracker.NextExpiry(soon) is { } expiry && expiry - soon < longest ? expiry - soon : longest;
    }
}
