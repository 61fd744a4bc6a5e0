using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Announces new and changed endpoints to one Asterisk, so that the events of their phones flow and their device states move: one by one,
/// the newest first, or all by one reload of PJSIP where that is clearly cheaper. What Asterisk has read by itself, at boot or by somebody's
/// reload, is not announced. Never more than one command is in flight.
/// </summary>
internal sealed partial class EndpointAnnouncer(NodeSettings node, int perSecond, AnnouncementLedger ledger, AnnouncementMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Announcements in one pass after which a snapshot costs little beside them.</summary>
    private const int Many = 500;

    /// <summary>After a longer command a longer pause follows: registrations of other phones come first.</summary>
    private static readonly TimeSpan QuickCommand = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>A right that is missing is missing until a person gives it.</summary>
    private static readonly TimeSpan RefusalRetry = TimeSpan.FromSeconds(30);

    /// <summary>How long a reload of somebody else may have been at work when its event comes.</summary>
    private static readonly TimeSpan LongestForeignReload = TimeSpan.FromMinutes(2);

    /// <summary>How much later than its answer the event of our own reload may come.</summary>
    private static readonly TimeSpan ReloadEventDelay = TimeSpan.FromSeconds(5);

    /// <summary>The share of registered phones below which wrong lamps are few.</summary>
    private const double FewLamps = 0.05;

    /// <summary>Time between two long reloads for the sake of a few lamps, as a multiple of what one takes.</summary>
    private const int RareReload = 100;

    /// <summary>The most connections of one Asterisk to its database that are used up (render-config writes 8).</summary>
    private const int MostConnections = 32;

    /// <summary>A link that is down keeps a command waiting until it times out.</summary>
    private static readonly TimeSpan LongestProof = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CountLifetime = TimeSpan.FromSeconds(5);

    private readonly AsyncAutoResetEvent _wake = new();
    private readonly AnnouncementQueue _queue = new();
    private readonly LampWatch _lamps = new(time);
    private readonly UnloadableEndpoints _unloadable = new(time);
    private readonly ReloadBudget _reloads = new(time);
    private volatile int _contacts;
    private volatile bool _foreignReload;
    private volatile bool _databaseRestarted;
    private volatile string? _problem;
    private long _ownReloadExpectedUntil;
    private long? _lastWindow;
    private (long Endpoints, long At)? _counted;
    private long _told;

    /// <summary>What Asterisk may have read by itself, and is asked for; null when it was told all that counts as told.</summary>
    private SelfRead? _selfRead;
    private bool _mustReload;

    /// <summary>What our last reload did not load, so that another would not either.</summary>
    private readonly HashSet<string> _reloadedInVain = new(StringComparer.Ordinal);

    /// <summary>What this Asterisk has been told.</summary>
    public AnnouncementLedger Ledger => ledger;

    /// <summary>Why this Asterisk cannot be told, or null.</summary>
    public string? Problem => _problem ?? metrics.Problem;

    /// <summary>What people should see beside that all is well; null when there is nothing.</summary>
    public string? Note => string.Join("; ", new[] { metrics.Note, _unloadable.Note }.OfType<string>()) is { Length: > 0 } note ? note : null;

    /// <summary>The ps_* tables changed.</summary>
    public void Revised() => _wake.Set();

    /// <summary>Asterisk said that PJSIP was reloaded. By somebody else that may have been while the database was away, or in the middle of an announcement.</summary>
    public void Reloaded()
    {
        if (Interlocked.Exchange(ref _ownReloadExpectedUntil, 0) > time.GetTimestamp())
            return;
        _foreignReload = true;
        _wake.Set();
    }

    /// <summary>This worker's connection to the database broke and is there again: Asterisk's may have broken too.</summary>
    public void DatabaseIsBack()
    {
        _databaseRestarted = true;
        _wake.Set();
    }

    /// <summary>What a snapshot has shown.</summary>
    /// <param name="contacts">How many phones are registered.</param>
    /// <param name="suspects">Endpoints that are registered while Asterisk shows them unavailable.</param>
    /// <returns>Whether another snapshot should follow soon, to tell a lamp that is wrong from one that is just changing.</returns>
    public bool OnSnapshot(int contacts, IReadOnlyCollection<string> suspects)
    {
        _contacts = contacts;
        if (_lamps.Look(suspects))
            _wake.Set();
        return _lamps.IsUndecided;
    }

    /// <summary>A session with Asterisk begins.</summary>
    /// <param name="startedAt">When its process started, on the database's clock, unless it is the process that was told before.</param>
    public async Task BeginAsync(bool isKnown, DateTime? startedAt, CancellationToken cancellation)
    {
        StartOver();
        _databaseRestarted = true;
        _unloadable.Load(await ledger.UnloadableAsync(cancellation));
        _problem = null;
        if (!isKnown)
        {
            _lamps.Clear();
            _selfRead = new SelfRead(startedAt ?? DateTime.MinValue, ReadBy.Boot);
        }
        _wake.Set();
    }

    /// <summary>Until cancelled, or until an AMI connection ends.</summary>
    /// <param name="isNarrow">Whether this server reads endpoints through ps_endpoints_for_server.</param>
    /// <param name="expirer">Is asked first: Asterisk would announce from its caches what was there before.</param>
    /// <param name="atLeastEvery">The longest time between two looks for what waits.</param>
    /// <param name="onAnnounced">Called after a reload or very many announcements: a snapshot finds the phones that had registered before. A single one announces its phones by PeerStatus.</param>
    public async Task RunAsync(
        CommandConnection commands, bool isNarrow, CacheExpirer expirer, TimeSpan atLeastEvery, Action onAnnounced, CancellationToken cancellation)
    {
        var pass = new Pass(commands, new AnnouncementCost(isNarrow), isNarrow, expirer);
        try
        {
            while (true)
            {
                await _wake.WaitAsync(UntilNextLook(commands.IsOpen && CommandConnection.IdleTime < atLeastEvery ? CommandConnection.IdleTime : atLeastEvery), time, cancellation);
                await commands.CloseIfIdleAsync();
                if (await TryAsync(pass, cancellation))
                    onAnnounced();
            }
        }
        finally
        {
            metrics.Waiting(0);
        }
    }

    private TimeSpan UntilNextLook(TimeSpan longest)
    {
        if (_unloadable.NextRetry < longest)
            longest = _unloadable.NextRetry.Value;
        return _mustReload && _reloads.Wait < longest ? _reloads.Wait : longest;
    }

    /// <returns>Whether Asterisk was told so much that a snapshot should follow.</returns>
    private async Task<bool> TryAsync(Pass pass, CancellationToken cancellation)
    {
        try
        {
            return await RunPassAsync(pass, cancellation);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            await RestAsync(TimeSpan.FromSeconds(1), cancellation);
        }
        catch (AsteriskRefusalException error)
        {
            _problem = error.Message;
            await RestAsync(RefusalRetry, cancellation);
        }
        return false;
    }

    private async Task<bool> RunPassAsync(Pass pass, CancellationToken cancellation)
    {
        if (_databaseRestarted)
        {
            _databaseRestarted = false;
            if (await ledger.AnotherAsync(null, cancellation) is { } sample)
                await IsLinkUpAsync(pass, sample, cancellation);
        }
        if (_foreignReload)
        {
            _foreignReload = false;
            // It may have read only the endpoints that were being announced, which darkens the lamps of all others.
            _mustReload |= _lastWindow is { } window && time.GetElapsedTime(window) < LongestForeignReload;
            await ForgetAsync(new SelfRead(await ledger.NowAsync(cancellation) - LongestForeignReload, ReadBy.ForeignReload), cancellation);
        }
        var endpoints = await CountEndpointsAsync(cancellation);
        await JudgeLampsAsync(pass.Cost, endpoints, cancellation);
        await ReadPendingAsync(cancellation);
        if (_queue.HighestRevision > _told)
            await pass.Expirer.CatchUpAsync(cancellation);
        if (_selfRead is { } read)
            await LeaveOutKnownAsync(pass, read, cancellation);
        endpoints = Math.Max(endpoints, _queue.Count);
        if ((_mustReload || pass.Cost.IsReloadCheaper(_queue.Count - _reloadedInVain.Count, endpoints, _contacts)) && _reloads.Wait == TimeSpan.Zero)
            return await ReloadAsync(pass, endpoints, cancellation);
        var many = _queue.Count >= Many;
        if (!await AnnounceAllAsync(pass, endpoints, cancellation))
            return false;
        await RetryUnloadableAsync(pass, cancellation);
        if (_queue.HighestRevision > _told)
        {
            await ledger.DoneAsync(_queue.HighestRevision, cancellation);
            _told = _queue.HighestRevision;
        }
        _problem = null;
        return many;
    }

    /// <summary>How many endpoints Asterisk reads when it reads all; a count of a large table is not made for each change.</summary>
    private async Task<long> CountEndpointsAsync(CancellationToken cancellation)
    {
        if (_counted is not { } counted || time.GetElapsedTime(counted.At) > CountLifetime)
            _counted = counted = (await ledger.EndpointCountAsync(cancellation), time.GetTimestamp());
        return counted.Endpoints;
    }

    private async Task ReadPendingAsync(CancellationToken cancellation)
    {
        var pending = await ledger.PendingAsync(_queue.HighestRevision, cancellation);
        _queue.Add(pending);
        ShowWaiting();
    }

    /// <summary>Nothing counts as told. Asterisk is asked what it has read by itself.</summary>
    private async Task ForgetAsync(SelfRead read, CancellationToken cancellation)
    {
        await ledger.ForgetAsync(cancellation);
        _selfRead = read;
        StartOver();
    }

    private void StartOver()
    {
        _queue.Clear();
        _told = 0;
    }

    private async Task LeaveOutKnownAsync(Pass pass, SelfRead read, CancellationToken cancellation)
    {
        var old = _queue.All.Where(entry => entry.ChangedAt < read.Before).ToList();
        _reloadedInVain.Clear();
        if (old.Count > 0)
        {
            var known = await (await pass.Commands.QualifyListAsync(cancellation)).KnownAsync(old, booted: read.By == ReadBy.Boot, cancellation);
            _queue.Remove(known);
            foreach (var entry in known)
                await SetRightAsync(entry.Id, cancellation);
            if (read.By == ReadBy.OwnReload)
                _reloadedInVain.UnionWith(old.Except(known).Select(entry => entry.Id));
        }
        _selfRead = null;
        ShowWaiting();
    }

    private async Task JudgeLampsAsync(AnnouncementCost cost, long endpoints, CancellationToken cancellation)
    {
        if (_lamps.Doubtful is not { Length: > 0 } doubtful)
            return;
        // A few lamps are not worth a long reload, unless the last one was very long ago.
        if (cost.IsReloadLong(endpoints, _contacts) && doubtful.Length < _contacts * FewLamps && _reloads.SinceLast < cost.Reload(endpoints, _contacts) * RareReload)
            return;
        var dark = _lamps.Judge(await ledger.DarkAsync(doubtful, cancellation));
        if (dark > 0 && !_mustReload)
            Log.LampsAreWrong(logger, node.Name, dark);
        _mustReload |= dark > 0;
    }

    /// <returns>Whether it was done.</returns>
    private async Task<bool> ReloadAsync(Pass pass, long endpoints, CancellationToken cancellation)
    {
        var asterisk = await pass.Commands.QualifyListAsync(cancellation);
        // A reload without a database makes Asterisk forget every phone, and says that it succeeded.
        if (await ledger.AnotherAsync(null, cancellation) is { } sample && !await IsLinkUpAsync(pass, sample, cancellation))
            return await LinkIsDownAsync(sample, cancellation);
        await ledger.CloseWindowAsync(cancellation);
        var begun = await ledger.NowAsync(cancellation);
        Interlocked.Exchange(ref _ownReloadExpectedUntil, long.MaxValue);
        var watch = time.GetTimestamp();
        var failure = await asterisk.ReloadAsync(cancellation);
        var took = time.GetElapsedTime(watch);
        _reloads.Spend(took);
        if (failure is not null)
        {
            Interlocked.Exchange(ref _ownReloadExpectedUntil, 0);
            Log.ReloadFailed(logger, node.Name, UntrustedText.Escape(failure));
            _wake.Set();
            return false;
        }
        Interlocked.CompareExchange(ref _ownReloadExpectedUntil, time.GetTimestamp() + (long)(ReloadEventDelay.TotalSeconds * time.TimestampFrequency), long.MaxValue);
        _mustReload = false;
        pass.Cost.ReloadTook(took, endpoints, _contacts);
        metrics.Reloaded(took);
        Log.Reloaded(logger, node.Name, _queue.Count, took.TotalSeconds);
        // Whether it has read everything, Asterisk is asked in the next pass.
        await ForgetAsync(new SelfRead(begun, ReadBy.OwnReload), cancellation);
        _wake.Set();
        return true;
    }

    /// <returns>False when Asterisk cannot be told now.</returns>
    private async Task<bool> AnnounceAllAsync(Pass pass, long endpoints, CancellationToken cancellation)
    {
        if (_queue.Count == 0)
            return true;
        var asterisk = await pass.Commands.QualifyListAsync(cancellation);
        var announced = 0;
        while (_queue.Take(pass.Cost.WindowSize) is { Count: > 0 } window && !_foreignReload)
        {
            if (pass.IsNarrow)
                await OpenWindowAsync(window, cancellation);
            var begun = time.GetTimestamp();
            foreach (var entry in window)
            {
                var watch = time.GetTimestamp();
                if (pass.IsNarrow && time.GetElapsedTime(begun) > AnnouncementLedger.WindowLength / 2)
                    await OpenWindowAsync(window, cancellation);
                if (await asterisk.AnnounceAsync(entry.Id, cancellation) == Announced.Done)
                    await SetRightAsync(entry.Id, cancellation);
                else if (!await IsAtFaultAsync(pass, entry.Id, cancellation))
                    return await LinkIsDownAsync(entry.Id, cancellation);
                _reloadedInVain.Remove(entry.Id);
                pass.Cost.SingleTook(time.GetElapsedTime(watch), endpoints);
                metrics.Announced(time.GetElapsedTime(watch));
                announced++;
            }
            ShowWaiting();
            if (_queue.Count > 0)
                await PauseAsync(time.GetElapsedTime(begun), window.Count, cancellation);
            if (_wake.TryReset())
            {
                await ReadPendingAsync(cancellation);
                await pass.Expirer.CatchUpAsync(cancellation);
            }
        }
        if (pass.IsNarrow)
            await ledger.CloseWindowAsync(cancellation);
        Log.Announced(logger, node.Name, announced);
        MemoryTrimmer.TrimAfter(announced);
        if (!_foreignReload)
            return true;
        _wake.Set();
        return false;
    }

    private async Task OpenWindowAsync(List<AnnouncementLedger.Entry> window, CancellationToken cancellation)
    {
        await ledger.OpenWindowAsync([.. window.Select(entry => entry.Id)], cancellation);
        _lastWindow = time.GetTimestamp() + (long)(AnnouncementLedger.WindowLength.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>Registrations of other phones come first: some of the time is theirs alone, and most of it when a command takes long.</summary>
    private Task PauseAsync(TimeSpan took, int commands, CancellationToken cancellation)
    {
        var pause = took / commands > QuickCommand ? took * 4 : took / 6;
        var pace = TimeSpan.FromSeconds((double)commands / perSecond) - took;
        return Task.Delay(pause > pace ? pause : pace, time, cancellation);
    }

    /// <summary>
    /// Whether an endpoint that Asterisk could not load is at fault itself, or gone: then its row can be read, or others can be loaded. A link
    /// that broke fails once for each of its connections, so it is tried a second time.
    /// </summary>
    private async Task<bool> IsAtFaultAsync(Pass pass, string id, CancellationToken cancellation)
    {
        var asterisk = await pass.Commands.QualifyListAsync(cancellation);
        if (!await ledger.ExistsAsync(id, cancellation))
            return true; // It was deleted meanwhile.
        if (!await asterisk.IsRowReadableAsync(id, cancellation)
            && (await ledger.AnotherAsync(id, cancellation) is not { } other || !await IsLinkUpAsync(pass, other, cancellation)))
            return false;
        if (await asterisk.AnnounceAsync(id, cancellation) == Announced.Unreadable)
            await SetAsideAsync(id, cancellation);
        else
            await SetRightAsync(id, cancellation);
        return true;
    }

    private async Task SetRightAsync(string id, CancellationToken cancellation)
    {
        if (_unloadable.Remove(id))
            await ledger.NoteLoadableAsync(id, cancellation);
    }

    private async Task SetAsideAsync(string id, CancellationToken cancellation)
    {
        var isNew = !_unloadable.Contains(id);
        _unloadable.Add(id);
        var reason = await ledger.NoteUnloadableAsync(id, cancellation);
        if (isNew)
            Log.CannotLoad(logger, id, UntrustedText.Escape(reason));
    }

    /// <summary>
    /// Whether Asterisk reads a row. After a restart of the database each of its connections fails once, the last one used first: they are
    /// used up here, so that no phone's REGISTER is.
    /// </summary>
    private async Task<bool> IsLinkUpAsync(Pass pass, string sample, CancellationToken cancellation)
    {
        var asterisk = await pass.Commands.QualifyListAsync(cancellation);
        var watch = time.GetTimestamp();
        for (var tries = 0; tries <= MostConnections && time.GetElapsedTime(watch) < LongestProof; tries++)
            if (await asterisk.IsRowReadableAsync(sample, cancellation))
                return true;
        await pass.Expirer.ExpireAsync(sample, cancellation);
        return await asterisk.CanReadAsync(sample, cancellation);
    }

    private async Task<bool> LinkIsDownAsync(string id, CancellationToken cancellation)
    {
        if (_problem is null)
            Log.CannotRead(logger, node.Name, id);
        _problem = $"cannot read {id} from the realtime tables";
        StartOver();
        await ledger.CloseWindowAsync(cancellation);
        await RestAsync(Retry, cancellation);
        return false;
    }

    private async Task RetryUnloadableAsync(Pass pass, CancellationToken cancellation)
    {
        foreach (var id in _unloadable.Due)
        {
            await pass.Expirer.ExpireAsync(id, cancellation);
            if (await ledger.ExistsAsync(id, cancellation) && await (await pass.Commands.QualifyListAsync(cancellation)).AnnounceAsync(id, cancellation) == Announced.Unreadable)
            {
                _unloadable.Add(id);
                continue;
            }
            await SetRightAsync(id, cancellation);
        }
    }

    private async Task RestAsync(TimeSpan rest, CancellationToken cancellation)
    {
        await Task.Delay(rest, time, cancellation);
        _wake.Set();
    }

    private void ShowWaiting() => metrics.Waiting(_queue.Count);

    /// <summary>On what occasion Asterisk read all endpoints and AORs.</summary>
    private enum ReadBy
    {
        Boot,
        OwnReload,
        ForeignReload,
    }

    /// <summary>Asterisk may have read by itself what was written before this moment, on the database's clock.</summary>
    private readonly record struct SelfRead(DateTime Before, ReadBy By);

    /// <summary>With what the passes of one session work.</summary>
    private sealed record Pass(CommandConnection Commands, AnnouncementCost Cost, bool IsNarrow, CacheExpirer Expirer);

    private static partial class Log
    {
        [LoggerMessage(2004, LogLevel.Warning, "Asterisk {Node} cannot read {Endpoint} from the realtime tables: is its database link up (res_odbc.conf, extconfig.conf, sorcery.conf)?")]
        public static partial void CannotRead(ILogger logger, string node, string endpoint);

        [LoggerMessage(2005, LogLevel.Information, "Announced {Count} new or changed extensions to Asterisk {Node}")]
        public static partial void Announced(ILogger logger, string node, int count);

        [LoggerMessage(2011, LogLevel.Information, "Reloaded PJSIP of Asterisk {Node} in {Seconds:0.0} s; {Count} extensions waited to be announced")]
        public static partial void Reloaded(ILogger logger, string node, int count, double seconds);

        [LoggerMessage(2012, LogLevel.Warning, "Asterisk {Node} did not reload PJSIP: {Reason}")]
        public static partial void ReloadFailed(ILogger logger, string node, string reason);

        [LoggerMessage(2013, LogLevel.Warning, "Asterisk {Node} shows {Count} registered phones as unavailable: PJSIP is reloaded, so that it links their device states again")]
        public static partial void LampsAreWrong(ILogger logger, string node, int count);

        [LoggerMessage(2014, LogLevel.Warning, "Extension {Endpoint}: {Reason}")]
        public static partial void CannotLoad(ILogger logger, string endpoint, string reason);
    }
}
