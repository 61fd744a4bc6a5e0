using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Announcements;

internal sealed partial class EndpointAnnouncer
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.EndpointUnreadable, LogLevel.Warning,
            "Asterisk {Node} cannot read {Endpoint} from the realtime tables: "
            + "is its database link up (res_odbc.conf, extconfig.conf, sorcery.conf)?")]
        public static partial void CannotRead(ILogger logger, string node, string endpoint);

        [LoggerMessage(EventIds.EndpointsAnnounced, LogLevel.Information,
            "Announced {Count} new or changed extension{S} to Asterisk {Node}")]
        public static partial void Announced(ILogger logger, string node, int count, string s);
    }
}
