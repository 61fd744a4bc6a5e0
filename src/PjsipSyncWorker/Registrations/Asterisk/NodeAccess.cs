using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Connects to the AMI of a configured node.</summary>
internal static class NodeAccess
{
    /// <summary>Returns the options of a connection to a node.</summary>
    /// <param name="events">Names of the wanted events; empty for all, null for none.</param>
    /// <param name="responseTimeout">Maximum time for the answer to an action.</param>
    /// <param name="pingInterval">Time without a message after which a Ping is sent.</param>
    public static AmiOptions Options(
        NodeSettings node, IReadOnlyList<string>? events, TimeSpan responseTimeout, TimeSpan pingInterval) => new()
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

    /// <summary>
    /// Opens a connection that sends actions and receives no events. It logs nothing, because the connection that receives the events
    /// reports the same faults.
    /// </summary>
    /// <param name="handler">Told when an action has ended; null when nothing needs to know.</param>
    /// <exception cref="AmiException">Asterisk cannot be reached, or refuses the login.</exception>
    public static Task<AmiConnection> ConnectAsync(
        NodeSettings node, TimeSpan responseTimeout, TimeSpan pingInterval, TimeProvider time, CancellationToken cancellation,
        IAmiEventHandler? handler = null) =>
        AmiConnection.ConnectAsync(
            Options(node, events: null, responseTimeout, pingInterval), handler ?? new NoHandler(),
            NullLogger.Instance, time, cancellation);

    private sealed class NoHandler : IAmiEventHandler
    {
        public void OnEvent(in AmiMessage message)
        {
            // This connection receives no events.
        }
    }
}
