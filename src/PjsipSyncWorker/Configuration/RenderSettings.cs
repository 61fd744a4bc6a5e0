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

    /// <summary>
    /// Host of the database by node name, for nodes that reach it at another address: a node on another machine cannot use a socket.
    /// </summary>
    public IReadOnlyDictionary<string, string?> DatabaseHosts { get; init; } = new Dictionary<string, string?>();

    /// <summary>Port of the database as Asterisk reaches it. Not given: the worker's.</summary>
    [NumberRange(1, 65535)]
    public int? DatabasePort { get; init; }

    /// <summary>Asterisk's own database role.</summary>
    public string DatabaseUser { get; init; } = "asterisk";

    /// <summary>Password of that role. Not given: none is written.</summary>
    [Secret]
    public string? DatabasePassword { get; init; }

    /// <summary>Number of connections to the database, at most. Each thread of Asterisk that reads the database takes one.</summary>
    [NumberRange(1, 1000)]
    public int DatabaseConnections { get; init; } = 8;

    /// <summary>
    /// Whether the modules are kept out that nothing here uses and that are noisy without a configuration of their own.
    /// False: modules_custom.conf has your own <c>noload</c> lines.
    /// </summary>
    public bool SkipUnusedModules { get; init; } = true;

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

    /// <summary>
    /// The address, or a name that always leads to it, by which the internet reaches an Asterisk behind a NAT: for SIP and for media.
    /// </summary>
    public string? ExternalAddress { get; init; }

    /// <summary>The address for media, when it differs. Not given: <c>ExternalAddress</c>.</summary>
    public string? ExternalMediaAddress { get; init; }

    /// <summary>Port of udp and tcp as the internet reaches it. Not given: <c>SipPort</c>.</summary>
    [NumberRange(1, 65535)]
    public int? ExternalSipPort { get; init; }

    /// <summary>Port of tls as the internet reaches it. Not given: <c>TlsPort</c>.</summary>
    [NumberRange(1, 65535)]
    public int? ExternalTlsPort { get; init; }

    /// <summary>
    /// Networks that reach this Asterisk without the NAT: they are told its own address. Not given, with <c>ExternalAddress</c>: the
    /// private networks 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16.
    /// </summary>
    public IReadOnlyList<string> LocalNetworks { get; init; } = [];

    /// <summary>First and last UDP port of media, such as <c>10000-20000</c>. Not given: rtp.conf is left alone.</summary>
    public string? RtpPorts { get; init; }

    /// <summary>STUN server, as <c>host:port</c>, by which Asterisk finds its external address for browsers (ICE).</summary>
    public string? StunServer { get; init; }

    /// <summary>TURN server, as <c>host:port</c>, that relays media to browsers. It needs a user and a password.</summary>
    public string? TurnServer { get; init; }

    /// <summary>User at the TURN server.</summary>
    public string? TurnUser { get; init; }

    /// <summary>Password at the TURN server.</summary>
    [Secret]
    public string? TurnPassword { get; init; }

    /// <summary>
    /// Address at which the other nodes reach SIP of a node, by node name, such as <c>192.0.2.7</c> or <c>192.0.2.7:5070</c>. With several
    /// nodes calls then go from any of them to a phone at any other.
    /// </summary>
    public IReadOnlyDictionary<string, string?> SipHosts { get; init; } = new Dictionary<string, string?>();

    /// <summary>Seconds for which an extension rings before its mailbox answers.</summary>
    [NumberRange(1, 600)]
    public int RingSeconds { get; init; } = 30;

    /// <summary>What carriers put before an extension's number in the numbers that they send.</summary>
    public string DidPrefix { get; init; } = "";

    /// <summary>The carrier's endpoint in pjsip_custom.conf or pjsip_carriers.conf.</summary>
    public string CarrierEndpoint { get; init; } = "carrier";

    /// <summary>
    /// ISO code of the country whose way of dialling the dialplan knows: its prefixes, country code and emergency numbers. The keys
    /// below are for other countries, or change one of these.
    /// </summary>
    public string? Country { get; init; }

    /// <summary>
    /// Numbers that are dialled unchanged, before any other rule. Not given: those of <c>Country</c>, else 112 and 911.
    /// </summary>
    public IReadOnlyList<string> EmergencyNumbers { get; init; } = [];

    /// <summary>
    /// Country code that makes national numbers international. Empty: that of <c>Country</c>; without one, national numbers are dialled
    /// unchanged.
    /// </summary>
    public string CountryCode { get; init; } = "";

    /// <summary>Digits before a foreign number. Not given: those of <c>Country</c>, else 00.</summary>
    public string? InternationalPrefix { get; init; }

    /// <summary>
    /// Digits before a national number; <c>none</c>: there are none, and a national number has eight digits or more. Not given: those
    /// of <c>Country</c>, else 0.
    /// </summary>
    public string? NationalPrefix { get; init; }

    /// <summary>
    /// Area code, without the national prefix, of numbers that are dialled without one. Not given: such numbers are not dialled to the
    /// outside.
    /// </summary>
    public string? AreaCode { get; init; }
}
