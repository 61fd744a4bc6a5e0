using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Rules for <see cref="RenderSettings"/> beyond types and ranges. Values that go into the dialplan must be plain, because any
/// other character has a meaning there.
/// </summary>
internal static partial class RenderRules
{
    /// <summary>Reports each broken rule.</summary>
    /// <param name="render">The section that <paramref name="settings"/> were read from.</param>
    public static void Check(StrictSection render, RenderSettings settings)
    {
        Must(settings.Contacts is null or "realtime" or "astdb", "Contacts", "must be realtime or astdb");
        Must(settings.Transports.All(transport => transport is "udp" or "tcp"),
            "Transports", "must be of udp and tcp (tls and wss come with CertificateFile)");
        Must(IPAddress.TryParse(settings.SipAddress, out _), "SipAddress", "must be an IP address of this machine, 0.0.0.0 for all");
        Must(settings.CertificateFile is null == settings.PrivateKeyFile is null,
            "CertificateFile", "and PrivateKeyFile belong together: one of them is missing");
        foreach (var (key, file) in new[] { ("CertificateFile", settings.CertificateFile), ("PrivateKeyFile", settings.PrivateKeyFile) })
            Must(file is null || Path.IsPathRooted(file), key, "must be a full path, because Asterisk runs in another folder");
        Must(settings.AmiPermit is null || PermitPattern().IsMatch(settings.AmiPermit),
            "AmiPermit", "must be an address with its mask, such as 192.0.2.7/32");
        Must(DidPattern().IsMatch(settings.DidPrefix), "DidPrefix", "must be digits, with + before them where the carrier sends it");
        Must(EndpointPattern().IsMatch(settings.CarrierEndpoint),
            "CarrierEndpoint", "must be a name of letters, digits, dot, dash and underscore");
        CheckDatabaseHosts();
        CheckSipHosts();
        CheckNat();
        CheckMedia();
        CheckNumberingPlan();

        void CheckDatabaseHosts()
        {
            foreach (var (node, host) in settings.DatabaseHosts)
                Must(!string.IsNullOrWhiteSpace(host), $"DatabaseHosts:{node}", "must be the database's address");
        }

        void CheckSipHosts()
        {
            foreach (var (node, host) in settings.SipHosts)
                Must(SipHost.TryParse(host, settings.SipPort, out _), $"SipHosts:{node}",
                    $"must be an IP address, with a port when it is not SipPort, such as 192.0.2.7:5070, not \"{host}\"");
        }

        void CheckNat()
        {
            foreach (var (key, address) in new[]
                { ("ExternalAddress", settings.ExternalAddress), ("ExternalMediaAddress", settings.ExternalMediaAddress) })
                Must(address is null || IsHost(address), key, $"must be an address or a name without a port, not \"{address}\"");
            foreach (var (key, isGiven) in new[]
            {
                ("ExternalMediaAddress", settings.ExternalMediaAddress is not null),
                ("ExternalSipPort", settings.ExternalSipPort is not null),
                ("ExternalTlsPort", settings.ExternalTlsPort is not null),
                ("LocalNetworks", settings.LocalNetworks.Count > 0),
            })
                Must(!isGiven || settings.ExternalAddress is not null, key, "does nothing without ExternalAddress");
            foreach (var network in settings.LocalNetworks)
                Must(IsNetwork(network), "LocalNetworks",
                    $"must be networks such as 192.168.0.0/16, without bits behind the mask, not \"{network}\"");
        }

        void CheckMedia()
        {
            Must(settings.RtpPorts is null || PortRange.TryParse(settings.RtpPorts, out _), "RtpPorts",
                $"must be two ports from 1024 to 65535, the lower one first, such as 10000-20000, not \"{settings.RtpPorts}\"");
            foreach (var (key, server) in new[] { ("StunServer", settings.StunServer), ("TurnServer", settings.TurnServer) })
                Must(server is null || IsHostAndPort(server), key, $"must be host:port, such as stun.example.net:3478, not \"{server}\"");
            Must(settings.TurnServer is null == settings.TurnUser is null && settings.TurnUser is null == settings.TurnPassword is null,
                "TurnServer,", "TurnUser and TurnPassword belong together: one of them is missing");
        }

        void CheckNumberingPlan()
        {
            Must(settings.Country is null || NumberingPlan.KnownCountries.Contains(settings.Country, StringComparer.OrdinalIgnoreCase),
                "Country", $"must be one of {string.Join(", ", NumberingPlan.KnownCountries)}, not \"{settings.Country}\". For another "
                    + "country leave it out, and give CountryCode, NationalPrefix, InternationalPrefix and EmergencyNumbers");
            Must(settings.EmergencyNumbers.All(number => NumberPattern().IsMatch(number)), "EmergencyNumbers", "must be a list of digits");
            Must(settings.CountryCode.Length == 0 || NumberPattern().IsMatch(settings.CountryCode),
                "CountryCode", "must be digits, without + or 00");
            Must(settings.InternationalPrefix is null || NumberPattern().IsMatch(settings.InternationalPrefix),
                "InternationalPrefix", $"must be digits, such as 00, not \"{settings.InternationalPrefix}\"");
            Must(settings.NationalPrefix is null or NumberingPlan.NoPrefix || NumberPattern().IsMatch(settings.NationalPrefix),
                "NationalPrefix", $"must be digits, such as 0, or {NumberingPlan.NoPrefix}, not \"{settings.NationalPrefix}\"");
            if (settings.AreaCode is not { } areaCode)
                return;
            var plan = NumberingPlan.Of(settings);
            Must(NumberPattern().IsMatch(areaCode) && areaCode[0] != '0',
                "AreaCode", $"must be digits, without the 0 of a national number, not \"{areaCode}\"");
            Must(plan.CountryCode.Length > 0, "AreaCode", "needs Country or CountryCode");
            Must(plan.Local is not null, "AreaCode", "must not be given, because national numbers are always dialled in full here");
        }

        void Must(bool holds, string key, string text)
        {
            if (!holds)
                render.Problem(key, text);
        }
    }

    private static bool IsHost(string text) => IPAddress.TryParse(text, out _) || Uri.CheckHostName(text) is UriHostNameType.Dns;

    /// <summary>Whether a network has no bits behind its mask, as Asterisk wants it.</summary>
    private static bool IsNetwork(string text) => IPNetwork.TryParse(text, out var network)
        && IPAddress.TryParse(text.Split('/')[0], out var address) && address.Equals(network.BaseAddress);

    private static bool IsHostAndPort(string text) =>
        text.LastIndexOf(':') is var at and > 0 && IsHost(text[..at].Trim('[', ']'))
        && ushort.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;

    [GeneratedRegex(@"^\+?[0-9]*\z")]
    private static partial Regex DidPattern();

    [GeneratedRegex(@"^[A-Za-z0-9._-]+\z")]
    private static partial Regex EndpointPattern();

    [GeneratedRegex(@"^[0-9]+\z")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"^[0-9a-fA-F.:]+/[0-9.]+\z")]
    private static partial Regex PermitPattern();
}
