using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Announces new and changed endpoints to one Asterisk, so that their phones cause events and their device states change: one by one, or
/// all by one reload of PJSIP where that is clearly cheaper. What Asterisk read by itself, at its boot or by a reload, is not announced.
/// </summary>
/// <remarks>
/// The methods <c>On…</c> and the properties are thread-safe. <see cref="BeginAsync"/> and <see cref="RunAsync"/> run one at a time.
/// </remarks>
internal sealed partial class EndpointAnnouncer
{
    private static readonly TimeSpan DatabaseRetry = TimeSpan.FromSeconds(1);

    /// <summary>The wait after a refusal. A missing permission stays missing until somebody grants it.</summary>
    private static readonly TimeSpan RefusalRetry = TimeSpan.FromSeconds(30);

    private readonly NodeSettings _node;
    private readonly AnnouncementMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AsyncAutoResetEvent _wake = new();
    private readonly AnnouncementBacklog _backlog;
    private readonly EndpointCount _endpoints;
    private readonly DatabaseLinkProbe _link;
    private readonly UnloadableSearch _unloadable;
    private readonly FullReads _fullReads;
    private readonly PjsipReload _reload;
    private readonly LampRepair _lamps;
    private readonly SingleAnnouncer _single;
    private volatile int _contacts;
    private volatile bool _foreignReload;
    private volatile bool _databaseRestored;
    private volatile string? _problem;

    public EndpointAnnouncer(
        NodeSettings node, int perSecond, AnnouncementLedger ledger, AnnouncementMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        (_node, Ledger, _metrics, _time, _logger) = (node, ledger, metrics, time, loggers.CreateLogger<EndpointAnnouncer>());
        _backlog = new AnnouncementBacklog(ledger, metrics);
        _endpoints = new EndpointCount(ledger, time);
        _link = new DatabaseLinkProbe(time);
        _unloadable = new UnloadableSearch(ledger, _link, time, loggers.CreateLogger<UnloadableSearch>());
        _fullReads = new FullReads(ledger, _backlog, _unloadable);
        _reload = new PjsipReload(node, ledger, metrics, time, loggers.CreateLogger<PjsipReload>());
        _lamps = new LampRepair(node, ledger, _reload, time, loggers.CreateLogger<LampRepair>());
        _single = new SingleAnnouncer(perSecond, _backlog, ledger, _unloadable, _fullReads, metrics, time);
    }

    /// <summary>What was announced to this Asterisk.</summary>
    public AnnouncementLedger Ledger { get; }

    /// <summary>Why changes cannot be announced to this Asterisk, in words for an operator; null when it can.</summary>
    public string? Problem => _problem ?? _metrics.Problem;

    /// <summary>What an operator should see even when all is well; null when there is nothing.</summary>
    public string? Note =>
        string.Join("; ", new[] { _metrics.Note, _unloadable.Note }.OfType<string>()) is { Length: > 0 } note ? note : null;

    /// <summary>Notes that the ps_* tables changed.</summary>
    public void OnRevision() => _wake.Set();

    /// <summary>
    /// Handles a Reload event of PJSIP. A foreign reload may have run while the database was away, or during an announcement.
    /// </summary>
    public void OnReload()
    {
        if (_reload.IsOwnEvent())
            return;
        _foreignReload = true;
        _wake.Set();
    }

    /// <summary>
    /// Notes that this worker's connection to the database broke and is restored. Asterisk's connections may have broken too.
    /// </summary>
    public void OnDatabaseRestored()
    {
        _databaseRestored = true;
        _wake.Set();
    }

    /// <summary>Takes over the result of a snapshot.</summary>
    /// <param name="contacts">The number of registered phones.</param>
    /// <param name="suspects">Endpoints that are registered while Asterisk shows them as unavailable.</param>
    /// <returns>Whether another snapshot should follow soon, to tell a wrong device state from one that is just changing.</returns>
    public bool OnSnapshot(int contacts, IReadOnlyCollection<string> suspects)
    {
        _contacts = contacts;
        if (_lamps.Watch.Update(suspects))
            _wake.Set();
        return _lamps.Watch.IsUndecided;
    }

    /// <summary>Starts a session with Asterisk.</summary>
    /// <param name="isKnown">Whether it is the process of Asterisk that was followed before, so that announcements still count.</param>
    /// <param name="startedAt">When the process started, on the database's clock; null when Asterisk does not say.</param>
    public async Task BeginAsync(bool isKnown, DateTime? startedAt, CancellationToken cancellation)
    {
        _backlog.Clear();
        _databaseRestored = true;
        await _unloadable.LoadAsync(cancellation);
        _problem = null;
        if (!isKnown)
        {
            _lamps.Watch.Clear();
            _fullReads.Add(new FullRead(startedAt ?? DateTime.MinValue, FullReadCause.Boot));
        }
        _wake.Set();
    }

    /// <summary>Announces until cancelled, or until an AMI connection ends.</summary>
    /// <param name="readsThroughView">Whether this server reads endpoints through <c>ps_endpoints_for_server</c>.</param>
    /// <param name="maxInterval">The longest time between two passes.</param>
    /// <param name="onAnnounced">
    /// Called after a reload or a large pass, after which only a snapshot shows the phones that had registered before. After a single
    /// announcement a PeerStatus event shows them.
    /// </param>
    /// <exception cref="Ami.AmiException">A connection ended.</exception>
    public async Task RunAsync(
        CommandConnection commands, bool readsThroughView, CacheExpirer expirer, TimeSpan maxInterval, Action onAnnounced,
        CancellationToken cancellation)
    {
        var session = new AnnouncementSession(commands, new AnnouncementCost(readsThroughView), readsThroughView, expirer);
        try
        {
            while (true)
            {
                var longest = commands.IsOpen && CommandConnection.IdleTime < maxInterval ? CommandConnection.IdleTime : maxInterval;
                await _wake.WaitAsync(UntilNextPass(longest), _time, cancellation);
                await commands.CloseIfIdleAsync();
                if (await TryPassAsync(session, cancellation))
                    onAnnounced();
            }
        }
        finally
        {
            _metrics.SetWaiting(0);
        }
    }

    private TimeSpan UntilNextPass(TimeSpan longest)
    {
        if (_unloadable.NextRetry < longest)
            longest = _unloadable.NextRetry.Value;
        return _reload.IsRequired && _reload.Wait < longest ? _reload.Wait : longest;
    }

    /// <returns>Whether so much was announced that a snapshot should follow.</returns>
    private async Task<bool> TryPassAsync(AnnouncementSession session, CancellationToken cancellation)
    {
        try
        {
            return await RunPassAsync(session, cancellation);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            await RetryAfterAsync(DatabaseRetry, cancellation);
        }
        catch (AsteriskRefusalException error)
        {
            _problem = error.Message;
            await RetryAfterAsync(RefusalRetry, cancellation);
        }
        return false;
    }

    private async Task RetryAfterAsync(TimeSpan wait, CancellationToken cancellation)
    {
        await Task.Delay(wait, _time, cancellation);
        _wake.Set();
    }
}
