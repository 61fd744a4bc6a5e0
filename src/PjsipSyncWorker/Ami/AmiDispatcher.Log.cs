using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Ami;

internal sealed partial class AmiDispatcher
{
    [LoggerMessage(3020, LogLevel.Debug, "A response to an action that nobody awaits was ignored")]
    private static partial void LogUnexpectedResponse(ILogger logger);

    [LoggerMessage(3021, LogLevel.Information, "Asterisk shuts down ({How}, restart: {Restart})")]
    private static partial void LogShutdown(ILogger logger, string how, string restart);

    [LoggerMessage(3022, LogLevel.Error, "The handler failed on event {Event}; the event is dropped")]
    private static partial void LogHandlerFailed(ILogger logger, string @event, Exception exception);
}
