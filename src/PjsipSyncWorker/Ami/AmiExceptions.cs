namespace PjsipSyncWorker.Ami;

/// <summary>The connection cannot go on; another may.</summary>
public class AmiException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The peer does not speak the manager interface's protocol.</summary>
public sealed class AmiProtocolException(string message) : AmiException(message);

/// <summary>User or secret are wrong, or this address may not log in: waiting alone does not mend it.</summary>
public sealed class AmiAuthenticationException(string message) : AmiException(message);

/// <summary>The peer did not answer in time.</summary>
public sealed class AmiTimeoutException(string message) : AmiException(message);
