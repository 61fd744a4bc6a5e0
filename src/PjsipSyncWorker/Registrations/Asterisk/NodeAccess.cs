using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>How a configured node's manager interface is reached.</summary>
internal static class NodeAccess
{
    /// <param name="events">Names of the events wanted; empty for all, null for none.</param>
    /// <param name="responseTimeout">Time for the answer to an action.</param>
    /// <param name="pingInterval">How much silence is answered with a Ping.</param>
    public static AmiOptions Options(NodeSettings node, IReadOnlyList<string>? events, TimeSpan responseTimeout, TimeSpan pingInterval) => new()
    {
        Host = node.Host,
        Port = node.Port,
        Username = node.Username,
        Secret = node.Secret,
        Tls = node.Tls,
        TlsCaFile = node.TlsCaFile,
        TlsHost = node.TlsHost,
        TlsAllowUntrusted = node.TlsAllowUntrusted,
        Events = events ?? [],
        ReceivesEvents = events is not null,
        ResponseTimeout = responseTimeout,
        PingInterval = pingInterval,
    };

    /// <summary>Opens a connection for actions alone. It receives no events, and says nothing in the log: the connection that follows the events does.</summary>
    /// <param name="handler">Told when an action is over; null: nobody.</param>
    /// <exception cref="AmiException">Asterisk is not reached, or refuses the login.</exception>
    public static Task<AmiConnection> ConnectAsync(
        NodeSettings node, TimeSpan responseTimeout, TimeSpan pingInterval, TimeProvider time, CancellationToken cancellation, IAmiEventHandler? handler = null) =>
        AmiConnection.ConnectAsync(Options(node, events: null, responseTimeout, pingInterval), handler ?? new Nobody(), NullLogger.Instance, time, cancellation);

    private sealed class Nobody : IAmiEventHandler
    {
        public void OnEvent(in AmiMessage message)
        {
            // None is sent.
        }
    }
}
