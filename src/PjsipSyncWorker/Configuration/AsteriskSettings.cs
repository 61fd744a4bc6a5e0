namespace PjsipSyncWorker.Configuration;

/// <summary>The Asterisk servers and how the worker follows them.</summary>
public sealed record AsteriskSettings
{
    /// <summary>The servers; with none, loop 2 is off.</summary>
    public IReadOnlyList<NodeSettings> Nodes { get; init; } = [];

    /// <summary>Time between two full comparisons of the registrations with Asterisk.</summary>
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the contacts of a node that is away still count.</summary>
    [DurationRange("00:00:01", "1.00:00:00")]
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a node that no worker follows may be away before it is forgotten.</summary>
    [DurationRange("00:01:00", "3650.00:00:00")]
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Whether a phone that does not answer OPTIONS counts as offline.</summary>
    public bool UnreachableIsOffline { get; init; } = true;

    /// <summary>
    /// Number of new or changed extensions that are announced to each Asterisk in a second, at most; fewer when Asterisk answers
    /// slowly.
    /// </summary>
    [NumberRange(1, 10_000)]
    public int RefreshesPerSecond { get; init; } = 500;

    /// <inheritdoc cref="RenderSettings"/>
    public RenderSettings Render { get; init; } = new();

    /// <summary>
    /// Whether Asterisk keeps its registrations in its own database (astdb) rather than in ps_contacts. Unless configured, that is
    /// so with several servers, because they would share one ps_contacts.
    /// </summary>
    public bool ContactsInAstdb => (Render.Contacts ?? (Nodes.Count > 1 ? "astdb" : "realtime")) == "astdb";
}

/// <summary>The manager interface (AMI) of one Asterisk server.</summary>
public sealed record NodeSettings
{
    /// <summary>
    /// Name of the server. Registrations are stored under it, so another name is another server. The default of the next entries is
    /// <c>node2</c> and so on.
    /// </summary>
    public string Name { get; init; } = "node1";

    /// <summary>Host that the manager interface listens on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of the manager interface: <c>port</c> of manager.conf, or that of <c>tlsbindaddr</c> with <c>Tls</c>.</summary>
    [NumberRange(1, 65535)]
    public int Port { get; init; } = 5038;

    /// <summary>The user: a section of manager.conf.</summary>
    public string Username { get; init; } = "pjsip-sync";

    /// <summary>The user's secret. Required.</summary>
    [Secret]
    public string Secret { get; init; } = "";

    /// <summary>Whether to connect with TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>
    /// PEM file of the authority that signed the server's certificate. Not given: the authorities that this machine trusts.
    /// </summary>
    public string? TlsCaFile { get; init; }

    /// <summary>The name that the server's certificate must have. Not given: <c>Host</c>.</summary>
    public string? TlsHost { get; init; }

    /// <summary>Whether to accept any certificate. Only for a trial: anyone on the path can read and change the traffic.</summary>
    public bool TlsAllowUntrusted { get; init; }
}
