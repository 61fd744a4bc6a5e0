namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>Tests whether one Asterisk reads the realtime tables.</summary>
internal sealed class DatabaseLinkProbe(TimeProvider time)
{
    /// <summary>Upper bound on the connections of one Asterisk to its database (render-config writes 8).</summary>
    private const int MaxConnections = 32;

    /// <summary>Upper bound on the attempts' time. A link that is down delays each command until it times out.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);

    /// <summary>Whether Asterisk reads the row of an endpoint.</summary>
    /// <remarks>
    /// After a restart of the database each of Asterisk's connections fails once, the last used one first. The repeated attempts here use
    /// up those failures, so that no REGISTER of a phone meets one.
    /// </remarks>
    /// <param name="sample">The id of an endpoint that Asterisk could load before.</param>
    public async Task<bool> IsUpAsync(AnnouncementSession session, string sample, CancellationToken cancellation)
    {
        var asterisk = await session.Commands.QualifyListAsync(cancellation);
        var began = time.GetTimestamp();
        for (var attempts = 0; attempts <= MaxConnections && time.GetElapsedTime(began) < MaxTime; attempts++)
            if (await asterisk.IsRowReadableAsync(sample, cancellation))
                return true;
        await session.Expirer.ExpireAsync(sample, cancellation);
        return await asterisk.CanReadAsync(sample, cancellation);
    }
}
