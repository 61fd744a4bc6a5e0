namespace PjsipSyncWorker.Ami;

/// <summary>
/// Anything that went wrong between this program and the manager interface of an Asterisk. The text is ours and carries no secret.
/// </summary>
public abstract class AmiException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>There is no connection (any more): refused, cut, closed by either side, or TLS could not be agreed on.</summary>
public sealed class AmiConnectionException(string message, Exception? inner = null) : AmiException(message, inner);

/// <summary>
/// The peer says something that is not AMI, or more than the limits of <see cref="AmiOptions"/> allow. The connection is of no further use.
/// </summary>
public sealed class AmiProtocolException(string message) : AmiException(message);

/// <summary>Asterisk refused the user or the secret. Trying again with the same ones is of no use.</summary>
public sealed class AmiAuthenticationException(string message) : AmiException(message);

/// <summary>The peer did not connect, greet or answer in time. The connection may still be good: its Ping finds out.</summary>
public sealed class AmiTimeoutException(string message) : AmiException(message);

/// <summary>Asterisk gave up a list in its middle (<c>EventList: cancelled</c>): what came of it is not the whole.</summary>
public sealed class AmiListCancelledException(string message) : AmiException(message);
