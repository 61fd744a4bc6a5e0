using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Tells an endpoint that one Asterisk cannot load from a database link that is down, records such endpoints, and tries them again. Not
/// thread-safe, except <see cref="Note"/>.
/// </summary>
internal sealed partial class UnloadableSearch(
    AnnouncementLedger ledger, DatabaseLinkProbe link, TimeProvider time, ILogger<UnloadableSearch> logger)
{
    private readonly UnloadableEndpoints _endpoints = new(time);

    /// <summary>The number of such endpoints and some of their ids, in words; null when there are none. Thread-safe.</summary>
    public string? Note => _endpoints.Note;

    /// <summary>Time until the next endpoint is tried again; null when there are none.</summary>
    public TimeSpan? NextRetry => _endpoints.NextRetry;

    /// <summary>Reads the endpoints that could not be loaded in earlier sessions.</summary>
    public async Task LoadAsync(CancellationToken cancellation) => _endpoints.Load(await ledger.Unloadable.ReadAsync(cancellation));

    /// <summary>Finds out why Asterisk could not load an endpoint, and records an endpoint that is at fault itself.</summary>
    /// <remarks>
    /// The endpoint is at fault, or deleted, if its row can be read or another endpoint can be loaded. A broken link fails once for each of
    /// its connections, so the endpoint is announced a second time.
    /// </remarks>
    /// <returns>False when the database link is down.</returns>
    public async Task<bool> IsAtFaultAsync(AnnouncementSession session, string id, CancellationToken cancellation)
    {
        var asterisk = await session.Commands.QualifyListAsync(cancellation);
        if (!await ledger.ExistsAsync(id, cancellation))
            return true;
        if (!await asterisk.IsRowReadableAsync(id, cancellation)
            && (await ledger.LoadableSampleAsync(id, cancellation) is not { } other || !await link.IsUpAsync(session, other, cancellation)))
            return false;
        if (await asterisk.AnnounceAsync(id, cancellation) == Announced.Unreadable)
            await RecordUnloadableAsync(id, cancellation);
        else
            await RecordLoadableAsync(id, cancellation);
        return true;
    }

    /// <summary>Tries the endpoints again that are due.</summary>
    public async Task RetryDueAsync(AnnouncementSession session, CancellationToken cancellation)
    {
        foreach (var id in _endpoints.Due)
        {
            await session.Expirer.ExpireAsync(id, cancellation);
            if (await ledger.ExistsAsync(id, cancellation)
                && await (await session.Commands.QualifyListAsync(cancellation)).AnnounceAsync(id, cancellation) == Announced.Unreadable)
            {
                _endpoints.Add(id);
                continue;
            }
            await RecordLoadableAsync(id, cancellation);
        }
    }

    /// <summary>
    /// Notes that Asterisk loaded an endpoint, or that the endpoint is deleted. Writes only if it was recorded as unloadable.
    /// </summary>
    public async Task RecordLoadableAsync(string id, CancellationToken cancellation)
    {
        if (_endpoints.Remove(id))
            await ledger.Unloadable.RemoveAsync(id, cancellation);
    }

    private async Task RecordUnloadableAsync(string id, CancellationToken cancellation)
    {
        var isNew = !_endpoints.Contains(id);
        _endpoints.Add(id);
        var reason = await ledger.Unloadable.AddAsync(id, cancellation);
        if (isNew)
            Log.CannotLoad(logger, id, UntrustedText.Escape(reason));
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.EndpointUnloadable, LogLevel.Warning, "Extension {Endpoint}: {Reason}")]
        public static partial void CannotLoad(ILogger logger, string endpoint, string reason);
    }
}
