using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Ami;

internal sealed partial class AmiLogin
{
    [LoggerMessage(EventIds.AmiFilterRefused, LogLevel.Warning,
        "Asterisk refused the filter for event {Event}: {Reason} (does the AMI user have write class system?)")]
    private static partial void LogFilterRefused(ILogger logger, string @event, string reason);
}
