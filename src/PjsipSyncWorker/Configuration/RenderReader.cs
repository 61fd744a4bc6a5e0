using System.Net;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Configuration;

/// <summary>Reads <see cref="RenderSettings"/>. What goes into the dialplan must be plain, for there any other character has a meaning.</summary>
internal static partial class RenderReader
{
    public static RenderSettings Read(StrictSection render)
    {
        var settings = new RenderSettings(
            render.OptionalText("Contacts"),
            render.Number("CacheLifetime", 600, 0, 86400),
            render.Switch("MultiDomain", false),
            render.Section("SystemNames").Texts(),
            render.OptionalText("DatabaseHost"),
            render.OptionalNumber("DatabasePort", 1, 65535),
            render.Text("DatabaseUser", "asterisk"),
            render.OptionalText("DatabasePassword"),
            render.List("Transports", "udp", "tcp"),
            render.Text("SipAddress", "0.0.0.0"),
            render.Number("SipPort", 5060, 1, 65535),
            render.Number("TlsPort", 5061, 1, 65535),
            render.Number("HttpPort", 8088, 1, 65535),
            render.Number("WssPort", 8089, 1, 65535),
            render.OptionalText("CertificateFile"),
            render.OptionalText("PrivateKeyFile"),
            render.OptionalText("AmiPermit"),
            render.Text("DidPrefix", ""),
            render.Text("CarrierEndpoint", "carrier"),
            render.List("EmergencyNumbers", "112", "911"),
            render.Text("CountryCode", ""));
        render.NothingElse();

        Must(settings.Contacts is null or "realtime" or "astdb", "Contacts", "must be realtime or astdb");
        Must(settings.Transports.All(transport => transport is "udp" or "tcp"), "Transports", "must be of udp and tcp (tls and wss come with CertificateFile)");
        Must(IPAddress.TryParse(settings.SipAddress, out _), "SipAddress", "must be an IP address of this machine, 0.0.0.0 for all");
        Must(settings.CertificateFile is null == settings.PrivateKeyFile is null, "CertificateFile", "and PrivateKeyFile belong together: one of them is missing");
        foreach (var (key, file) in new[] { ("CertificateFile", settings.CertificateFile), ("PrivateKeyFile", settings.PrivateKeyFile) })
            Must(file is null || Path.IsPathRooted(file), key, "must be a full path, for Asterisk runs in another folder");
        Must(settings.AmiPermit is null || PermitPattern().IsMatch(settings.AmiPermit), "AmiPermit", "must be an address with its mask, such as 192.0.2.7/32");
        Must(DidPattern().IsMatch(settings.DidPrefix), "DidPrefix", "must be digits, with + before them where the carrier sends it");
        Must(EndpointPattern().IsMatch(settings.CarrierEndpoint), "CarrierEndpoint", "must be a name of letters, digits, dot, dash and underscore");
        Must(settings.EmergencyNumbers.All(number => NumberPattern().IsMatch(number)), "EmergencyNumbers", "must be a list of digits");
        Must(settings.CountryCode.Length == 0 || NumberPattern().IsMatch(settings.CountryCode), "CountryCode", "must be digits, without + or 00");
        return settings;

        void Must(bool holds, string key, string text)
        {
            if (!holds)
                render.Problem(key, text);
        }
    }

    [GeneratedRegex(@"^\+?[0-9]*\z")]
    private static partial Regex DidPattern();

    [GeneratedRegex(@"^[A-Za-z0-9._-]+\z")]
    private static partial Regex EndpointPattern();

    [GeneratedRegex(@"^[0-9]+\z")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"^[0-9a-fA-F.:]+/[0-9.]+\z")]
    private static partial Regex PermitPattern();
}
