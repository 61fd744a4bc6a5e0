namespace PjsipSyncWorker.Ami;

/// <summary>Where the manager interface is and how it is talked to.</summary>
public sealed record AmiOptions
{
    public required string Host { get; init; }

    /// <summary>1 to 65535; Asterisk's default is 5038, 5039 with TLS.</summary>
    public int Port { get; init; } = 5038;

    /// <summary>A user of manager.conf.</summary>
    public required string Username { get; init; }

    /// <summary>Its secret; it never goes over the wire (MD5 challenge) nor into a log.</summary>
    public required string Secret { get; init; }

    public bool Tls { get; init; }

    /// <summary>A PEM file of certificate authorities to trust instead of the system's.</summary>
    public string? TlsCaFile { get; init; }

    /// <summary>The name the certificate must be for, when it is not <see cref="Host"/>.</summary>
    public string? TlsHost { get; init; }

    /// <summary>Accepts any certificate; for trying things out.</summary>
    public bool TlsAllowUntrusted { get; init; }

    /// <summary>The events wanted; Asterisk is asked to send no others. Empty: all.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait for a response, or for the next item of a list.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this much silence Asterisk is asked whether it lives.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    public int MaxLineBytes { get; init; } = AmiReader.DefaultMaxLine;

    public int MaxMessageBytes { get; init; } = AmiReader.DefaultMaxMessage;

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Username}@{Host}:{Port}{(Tls ? " (TLS)" : "")}";
}
