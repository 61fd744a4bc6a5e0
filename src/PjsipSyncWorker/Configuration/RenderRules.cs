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
        Must(settings.EmergencyNumbers.All(number => NumberPattern().IsMatch(number)), "EmergencyNumbers", "must be a list of digits");
        Must(settings.CountryCode.Length == 0 || NumberPattern().IsMatch(settings.CountryCode),
            "CountryCode", "must be digits, without + or 00");

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
