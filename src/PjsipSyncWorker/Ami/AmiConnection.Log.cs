using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Ami;

public sealed partial class AmiConnection
{
    [LoggerMessage(3000, LogLevel.Debug, "Logged in to Asterisk at {Host}:{Port} as {User} (AMI {Version})")]
    private static partial void LogLoggedIn(ILogger logger, string host, int port, string user, string version);

    [LoggerMessage(3001, LogLevel.Debug, "The AMI connection to {Host}:{Port} ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string host, int port, string reason);

    [LoggerMessage(3002, LogLevel.Warning, "TLS to {Host}:{Port} accepts any certificate (TlsAllowUntrusted): anyone on the path can read and write what is said")]
    private static partial void LogUntrusted(ILogger logger, string host, int port);
}
