using System.Diagnostics.CodeAnalysis;

namespace PjsipSyncWorker.Ami;

/// <summary>Receives the events that are not items of a list.</summary>
[SuppressMessage("Naming", "CA1711", Justification = "It handles AMI events; it is no .NET event delegate.")]
public interface IAmiEventHandler
{
    /// <summary>
    /// Called for one event after the other, in the order of Asterisk, on the connection's read loop. The calls begin at the login, before
    /// <see cref="AmiConnection.ConnectAsync"/> has returned. The message is valid until the method returns. The method must be quick and
    /// must not wait for anything of the same connection. An exception is logged, and the event is dropped.
    /// </summary>
    void OnEvent(in AmiMessage message);

    /// <summary>Called when any action of the connection has ended.</summary>
    /// <param name="result">
    /// <c>success</c> or <c>error</c> as Asterisk answered, <c>timeout</c>, or <c>lost</c>: the connection ended, or the caller cancelled.
    /// </param>
    void OnActionEnded(string action, string result, TimeSpan took)
    {
    }
}

/// <summary>
/// Receives the items of an event list, in order, on the connection's read loop. The rules of <see cref="IAmiEventHandler.OnEvent"/> apply,
/// but an exception ends the list and fails its action.
/// </summary>
public delegate void AmiItemHandler(in AmiMessage item);
