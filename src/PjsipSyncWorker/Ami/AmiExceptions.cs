namespace PjsipSyncWorker.Ami;

/// <summary>
/// A failure between this program and the manager interface of an Asterisk. The text has no secret.
/// </summary>
public abstract class AmiException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>There is no connection: it was refused, cut or closed, or TLS could not be negotiated.</summary>
public sealed class AmiConnectionException(string message, Exception? inner = null) : AmiException(message, inner);

/// <summary>
/// The peer sent something that is not AMI, or more than the limits of <see cref="AmiOptions"/> allow. The connection has ended.
/// </summary>
public sealed class AmiProtocolException(string message) : AmiException(message);

/// <summary>Asterisk refused the user or the secret. A retry with the same values does not help.</summary>
public sealed class AmiAuthenticationException(string message) : AmiException(message);

/// <summary>The peer did not connect, greet or answer in time. The connection may still be good; its Ping decides.</summary>
public sealed class AmiTimeoutException(string message) : AmiException(message);

/// <summary>Asterisk cancelled a list (<c>EventList: cancelled</c>), so the received items are incomplete.</summary>
public sealed class AmiListCancelledException(string message) : AmiException(message);
