using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Ami;

internal sealed partial class AmiLogin
{
    [LoggerMessage(3010, LogLevel.Warning, "Asterisk refused the filter for event {Event}: {Reason} (does the AMI user have write class system?)")]
    private static partial void LogFilterRefused(ILogger logger, string @event, string reason);
}
