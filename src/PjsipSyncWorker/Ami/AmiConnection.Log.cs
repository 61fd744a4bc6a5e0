using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Ami;

public sealed partial class AmiConnection
{
    [LoggerMessage(EventIds.AmiLoggedIn, LogLevel.Debug, "Logged in to Asterisk at {Host}:{Port} as {User} (AMI {Version})")]
    private static partial void LogLoggedIn(ILogger logger, string host, int port, string user, string version);

    [LoggerMessage(EventIds.AmiConnectionEnded, LogLevel.Debug, "The AMI connection to {Host}:{Port} ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string host, int port, string reason);

    [LoggerMessage(EventIds.AmiCertificateUnchecked, LogLevel.Warning,
        "TLS to {Host}:{Port} accepts any certificate (TlsAllowUntrusted): anyone on the path can read and change the traffic")]
    private static partial void LogUntrusted(ILogger logger, string host, int port);
}
