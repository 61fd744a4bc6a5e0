namespace PjsipSyncWorker.Configuration;

/// <summary>What <c>render-config</c> must know beyond what the worker needs itself: the section <c>Asterisk:Render</c>.</summary>
/// <param name="Contacts">Where registrations are kept: <c>realtime</c> or <c>astdb</c>; not given: realtime for one node, astdb for several.</param>
/// <param name="CacheLifetime">Seconds for which Asterisk keeps an endpoint, auth or AOR in memory; 0: it reads the database each time. The worker expires what changes at once. A change made while the worker cannot reach Asterisk is in force after this time at most.</param>
/// <param name="MultiDomain">Whether Asterisk looks for endpoints named <c>number@domain</c> too. It costs each REGISTER two more reads of the database.</param>
/// <param name="SystemNames">asterisk.conf's systemname by node name, where it is not the node's name.</param>
/// <param name="DatabaseHost">The database as Asterisk reaches it; not given: as the worker does.</param>
/// <param name="DatabasePort">Likewise; not given: as the worker does.</param>
/// <param name="DatabaseUser">Asterisk's own role.</param>
/// <param name="DatabasePassword">Its password; not given: none is written.</param>
/// <param name="Transports">Of udp and tcp those that are wanted.</param>
/// <param name="SipAddress">The address that transports are bound to.</param>
/// <param name="SipPort">Port of udp and tcp.</param>
/// <param name="TlsPort">Port of tls, with a certificate.</param>
/// <param name="HttpPort">Port of Asterisk's own web server on loopback.</param>
/// <param name="WssPort">Port of secure WebSockets for browsers, with a certificate.</param>
/// <param name="CertificateFile">With it TLS, secure WebSockets and an AMI with TLS are possible; PEM, with its chain.</param>
/// <param name="PrivateKeyFile">The certificate's key, PEM.</param>
/// <param name="AmiPermit">Who may reach a manager interface that is not this machine's own: an address with its mask, such as <c>192.0.2.7/32</c>.</param>
/// <param name="DidPrefix">What stands before an extension in the numbers that carriers send.</param>
/// <param name="CarrierEndpoint">The carrier's endpoint in pjsip_carriers.conf.</param>
/// <param name="EmergencyNumbers">Dialled as they are, before everything else.</param>
/// <param name="CountryCode">Makes national numbers international ones; empty: national numbers go out as dialled.</param>
public sealed record RenderSettings(
    string? Contacts, int CacheLifetime, bool MultiDomain, IReadOnlyDictionary<string, string?> SystemNames,
    string? DatabaseHost, int? DatabasePort, string DatabaseUser, string? DatabasePassword,
    IReadOnlyList<string> Transports, string SipAddress, int SipPort, int TlsPort, int HttpPort, int WssPort,
    string? CertificateFile, string? PrivateKeyFile, string? AmiPermit,
    string DidPrefix, string CarrierEndpoint, IReadOnlyList<string> EmergencyNumbers, string CountryCode);
