using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Ami;

internal sealed partial class AmiDispatcher
{
    [LoggerMessage(EventIds.AmiResponseUnexpected, LogLevel.Debug, "Ignored a response to an action that is no longer in flight")]
    private static partial void LogUnexpectedResponse(ILogger logger);

    [LoggerMessage(EventIds.AsteriskShutsDown, LogLevel.Information, "Asterisk is shutting down ({How}, restart: {Restart})")]
    private static partial void LogShutdown(ILogger logger, string how, string restart);

    [LoggerMessage(EventIds.AmiEventHandlerFailed, LogLevel.Error, "The handler failed on event {Event}; the event is dropped")]
    private static partial void LogHandlerFailed(ILogger logger, string @event, Exception exception);
}
