using System.Text;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Ami;

/// <summary>Passes each message to the action that it answers, or to the event handler. Notes FullyBooted and Shutdown.</summary>
internal sealed partial class AmiDispatcher(AmiPendingTable pending, IAmiEventHandler handler, ILogger logger)
{
    private readonly TaskCompletionSource _fullyBooted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _shuttingDown;

    public Task FullyBooted => _fullyBooted.Task;

    /// <summary>Whether the event Shutdown arrived.</summary>
    public bool ShuttingDown => _shuttingDown;

    public void Dispatch(in AmiMessage message)
    {
        var ours = pending.IsOurs(message.ActionId, out var action);
        if (message.IsResponse)
        {
            if (action is null)
            {
                LogUnexpectedResponse(logger);
            }
            else
            {
                action.OnResponse(message);
            }
        }
        else if (message.IsEvent)
        {
            if (action is { TakesEvents: true })
            {
                action.OnEvent(message);
            }
            else if (!ours || action is not null)
            {
                OnEvent(message);
            }
            // Otherwise it is an item of a list that timed out or was cancelled, and is dropped.
        }
    }

    /// <summary>Fails <see cref="FullyBooted"/> if it has not completed.</summary>
    public void Close(Exception reason)
    {
        _fullyBooted.TrySetException(reason);
        _ = _fullyBooted.Task.Exception; // observed, in case nothing awaits it
    }

    private void OnEvent(in AmiMessage message)
    {
        if (message.IsEventNamed("Shutdown"u8))
        {
            _shuttingDown = true;
            LogShutdown(
                logger, UntrustedText.Escape(message.GetString("Shutdown"u8)), UntrustedText.Escape(message.GetString("Restart"u8)));
        }

#pragma warning disable CA1031 // An event on which the handler fails must not end the connection.
        try
        {
            handler.OnEvent(message);
        }
        catch (Exception exception)
        {
            LogHandlerFailed(logger, UntrustedText.Escape(Encoding.UTF8.GetString(message.Event)), exception);
        }
#pragma warning restore CA1031

        if (message.IsEventNamed("FullyBooted"u8))
        {
            _fullyBooted.TrySetResult();
        }
    }
}
