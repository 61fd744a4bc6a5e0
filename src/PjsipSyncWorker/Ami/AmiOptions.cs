namespace PjsipSyncWorker.Ami;

/// <summary>
/// How to connect to the manager interface of one Asterisk. It is a class and not a record, so that no ToString prints the secret.
/// </summary>
public sealed class AmiOptions
{
    /// <summary>Name or address of the server; a name may have several addresses, which are tried in turn.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1 to 65535. Default 5038; Asterisk's own default for TLS is 5039.</summary>
    public int Port { get; init; } = 5038;

    /// <summary>The name of the user's section in manager.conf.</summary>
    public required string Username { get; init; }

    /// <summary>The user's <c>secret</c>. It is never sent; only md5(challenge + secret) is.</summary>
    public required string Secret { get; init; }

    /// <summary>Speak TLS from the first byte (manager.conf: <c>tlsenable</c>). Default off.</summary>
    public bool Tls { get; init; }

    /// <summary>PEM file with the only authorities to trust. Default null: the system's store.</summary>
    public string? TlsCaFile { get; init; }

    /// <summary>The name the certificate must be for. Default null: <see cref="Host"/>.</summary>
    public string? TlsHost { get; init; }

    /// <summary>Accept any certificate. Default off. If on, anyone on the path can read and change the traffic.</summary>
    public bool TlsAllowUntrusted { get; init; }

    /// <summary>
    /// Names of the wanted events, one <c>Filter</c> action each; FullyBooted and Shutdown are added. Default empty: no filter, so every
    /// event of the user's read classes arrives.
    /// </summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>
    /// Whether any event is wanted. Default on. If off, Asterisk sends none, and <see cref="AmiConnection.FullyBooted"/> never completes.
    /// </summary>
    public bool ReceivesEvents { get; init; } = true;

    /// <summary>Time for TCP, TLS and the banner together; positive. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for the answer to an action, and the longest gap between two items of a list; positive. Default 10 s.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time without a message after which a Ping is sent; positive. Default 10 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest line accepted, in bytes; at least 256. Default 64 KiB.</summary>
    public int MaxLineBytes { get; init; } = 64 * 1024;

    /// <summary>
    /// Largest message accepted, in bytes; at least <see cref="MaxLineBytes"/>. The output of a Command is one message. Default 1 MiB.
    /// </summary>
    public int MaxMessageBytes { get; init; } = 1024 * 1024;

    /// <summary>The number of actions in flight at the same time, 1 to 65536; further actions wait. Default 256.</summary>
    public int MaxPendingActions { get; init; } = 256;

    /// <exception cref="ArgumentException">A value is missing or out of range; the text names it, and never the secret.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Host);
        ArgumentException.ThrowIfNullOrWhiteSpace(Username);
        ArgumentNullException.ThrowIfNull(Secret);
        Require(Port is >= 1 and <= 65535, "Port must be 1 to 65535", nameof(Port));
        Require(ConnectTimeout > TimeSpan.Zero, "ConnectTimeout must be positive", nameof(ConnectTimeout));
        Require(ResponseTimeout > TimeSpan.Zero, "ResponseTimeout must be positive", nameof(ResponseTimeout));
        Require(PingInterval > TimeSpan.Zero, "PingInterval must be positive", nameof(PingInterval));
        Require(MaxLineBytes >= 256, "MaxLineBytes must be at least 256", nameof(MaxLineBytes));
        Require(MaxMessageBytes >= MaxLineBytes, "MaxMessageBytes must be at least MaxLineBytes", nameof(MaxMessageBytes));
        Require(MaxPendingActions is >= 1 and <= 65536, "MaxPendingActions must be 1 to 65536", nameof(MaxPendingActions));
    }

    private static void Require(bool holds, string text, string name)
    {
        if (!holds)
        {
            throw new ArgumentException(text, name);
        }
    }
}
