namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// The number of endpoints that one Asterisk reads when it reads all. It is at most some seconds old, because counting a large table takes
/// long.
/// </summary>
internal sealed class EndpointCount(AnnouncementLedger ledger, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private (long Endpoints, long At)? _counted;

    /// <summary>Returns the number, counted again if the last count is too old.</summary>
    public async Task<long> GetAsync(CancellationToken cancellation)
    {
        if (_counted is not { } counted || time.GetElapsedTime(counted.At) > Lifetime)
            _counted = counted = (await ledger.EndpointCountAsync(cancellation), time.GetTimestamp());
        return counted.Endpoints;
    }
}
