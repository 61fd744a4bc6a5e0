using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Registrations;

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
}
