using System.Diagnostics.CodeAnalysis;

namespace PjsipSyncWorker.Ami;

/// <summary>Receives the events that answer no action.</summary>
[SuppressMessage("Naming", "CA1711", Justification = "It handles AMI events; it is no .NET event delegate.")]
public interface IAmiEventHandler
{
    /// <summary>
    /// Called for one event after the other, in the order Asterisk sent them, on the connection's read loop; from the login on, so also
    /// before <see cref="AmiConnection.ConnectAsync"/> has returned. The message dies when this returns. It must be quick and must not
    /// wait for anything of the same connection; an exception is logged and the event dropped.
    /// </summary>
    void OnEvent(in AmiMessage message);

    /// <summary>Told when an action is over, whoever sent it.</summary>
    /// <param name="result">
    /// <c>success</c> or <c>error</c> as Asterisk said, <c>timeout</c>, or <c>lost</c>: the connection ended or nobody waits any more.
    /// </param>
    void OnActionEnded(string action, string result, TimeSpan took)
    {
    }
}

/// <summary>
/// Receives the items of an event list, in order, on the connection's read loop; under the rules of <see cref="IAmiEventHandler.OnEvent"/>,
/// but an exception ends the list with it.
/// </summary>
public delegate void AmiItemHandler(in AmiMessage item);
