namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>What the announcements of one AMI session work with.</summary>
/// <param name="Commands">The connection for commands that take long.</param>
/// <param name="Cost">What announcements and reloads cost this Asterisk.</param>
/// <param name="ReadsThroughView">
/// Whether the server reads endpoints through <c>ps_endpoints_for_server</c>, so that one announcement does not make Asterisk read all of
/// them.
/// </param>
/// <param name="Expirer">
/// Removes changed rows from Asterisk's caches. It runs before an announcement, which would use the old row otherwise.
/// </param>
internal sealed record AnnouncementSession(CommandConnection Commands, AnnouncementCost Cost, bool ReadsThroughView, CacheExpirer Expirer);
