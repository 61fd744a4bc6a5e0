namespace PjsipSyncWorker.Configuration;

/// <summary>What <c>render-config</c> must know in addition: the section <c>Asterisk:Render</c>.</summary>
public sealed record RenderSettings
{
    /// <summary>
    /// Where Asterisk keeps registrations: <c>realtime</c> or <c>astdb</c>. Not given: realtime for one node, astdb for several.
    /// </summary>
    public string? Contacts { get; init; }

    /// <summary>
    /// Seconds for which Asterisk keeps an endpoint, auth or AOR in memory; 0: Asterisk reads the database each time. The worker
    /// expires changed objects at once. A change that is made while the worker cannot reach Asterisk takes effect after this time
    /// at most.
    /// </summary>
    [NumberRange(0, 86400)]
    public int CacheLifetime { get; init; } = 600;

    /// <summary>
    /// Whether Asterisk also looks for endpoints named <c>number@domain</c>. Each REGISTER then costs two more reads of the
    /// database.
    /// </summary>
    public bool MultiDomain { get; init; }

    /// <summary>The <c>systemname</c> of asterisk.conf by node name, for nodes where the two differ.</summary>
    public IReadOnlyDictionary<string, string?> SystemNames { get; init; } = new Dictionary<string, string?>();

    /// <summary>Host of the database as Asterisk reaches it. Not given: the worker's.</summary>
    public string? DatabaseHost { get; init; }

    /// <summary>Port of the database as Asterisk reaches it. Not given: the worker's.</summary>
    [NumberRange(1, 65535)]
    public int? DatabasePort { get; init; }

    /// <summary>Asterisk's own database role.</summary>
    public string DatabaseUser { get; init; } = "asterisk";

    /// <summary>Password of that role. Not given: none is written.</summary>
    [Secret]
    public string? DatabasePassword { get; init; }

    /// <summary>The transports without TLS: udp, tcp or both.</summary>
    public IReadOnlyList<string> Transports { get; init; } = ["udp", "tcp"];

    /// <summary>IP address that the transports listen on.</summary>
    public string SipAddress { get; init; } = "0.0.0.0";

    /// <summary>Port of udp and tcp.</summary>
    [NumberRange(1, 65535)]
    public int SipPort { get; init; } = 5060;

    /// <summary>Port of tls; used with a certificate.</summary>
    [NumberRange(1, 65535)]
    public int TlsPort { get; init; } = 5061;

    /// <summary>Port of Asterisk's own web server, on loopback.</summary>
    [NumberRange(1, 65535)]
    public int HttpPort { get; init; } = 8088;

    /// <summary>Port of secure WebSockets for browsers; used with a certificate.</summary>
    [NumberRange(1, 65535)]
    public int WssPort { get; init; } = 8089;

    /// <summary>PEM file of the certificate with its chain. TLS, secure WebSockets and an AMI with TLS need it.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the certificate's key.</summary>
    public string? PrivateKeyFile { get; init; }

    /// <summary>
    /// Address with mask, such as <c>192.0.2.7/32</c>, that may reach the manager interface when it listens on more than loopback.
    /// </summary>
    public string? AmiPermit { get; init; }

    /// <summary>What carriers put before an extension's number in the numbers that they send.</summary>
    public string DidPrefix { get; init; } = "";

    /// <summary>The carrier's endpoint in pjsip_carriers.conf.</summary>
    public string CarrierEndpoint { get; init; } = "carrier";

    /// <summary>Numbers that are dialled unchanged, before any other rule.</summary>
    public IReadOnlyList<string> EmergencyNumbers { get; init; } = ["112", "911"];

    /// <summary>Country code that makes national numbers international. Empty: national numbers are dialled unchanged.</summary>
    public string CountryCode { get; init; } = "";
}
