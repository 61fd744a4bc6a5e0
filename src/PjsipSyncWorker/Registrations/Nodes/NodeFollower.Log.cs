using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Registrations.Nodes;

internal sealed partial class NodeFollower
{
    private static partial class Log
    {
        [LoggerMessage(2000, LogLevel.Information, "Following Asterisk {Node}, {Version}")]
        public static partial void Following(ILogger logger, string node, string version);

        [LoggerMessage(2001, LogLevel.Warning, "Lost Asterisk {Node}: {Reason}; the next attempt follows in {Seconds:0.0} s")]
        public static partial void Lost(ILogger logger, string node, string reason, double seconds);

        [LoggerMessage(2002, LogLevel.Error, "Asterisk {Node} does not let us in: {Reason}; the next attempt follows in {Seconds:0} s")]
        public static partial void Refused(ILogger logger, string node, string reason, double seconds);

        [LoggerMessage(2003, LogLevel.Warning, "Asterisk {Node} is degraded: {Reason}")]
        public static partial void Degraded(ILogger logger, string node, string reason);

        [LoggerMessage(2006, LogLevel.Warning, "Registrations of {Node} cannot be written, the next attempt follows: {Reason}")]
        public static partial void StoreLost(ILogger logger, string node, string reason);

        [LoggerMessage(2007, LogLevel.Information, "Another worker follows {Node}; this one stands by")]
        public static partial void AnotherFollows(ILogger logger, string node);

        [LoggerMessage(2009, LogLevel.Error, "Asterisk {Node}: the AMI user {User} lacks {Missing}; in its section of manager.conf it needs read = system,call and write = system,reporting,command")]
        public static partial void LacksRights(ILogger logger, string node, string user, string missing);

        [LoggerMessage(2015, LogLevel.Warning, "The names in the PJSIP files of Asterisk {Node} could not be read, so an extension with one of these names is not refused: {Reason}")]
        public static partial void FilesNotRead(ILogger logger, string node, string reason);

        [LoggerMessage(2010, LogLevel.Warning, "The database cannot hold all that Asterisk {Node} says of the registrations of {Endpoint}")]
        public static partial void NotHeld(ILogger logger, string endpoint, string node);
    }
}
