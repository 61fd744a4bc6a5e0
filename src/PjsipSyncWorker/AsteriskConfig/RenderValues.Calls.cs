using System.Net;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>The values that signalling, media and the dialplan need.</summary>
internal sealed partial class RenderValues
{
    /// <summary>The private networks of RFC 1918, which no NAT leaves unchanged.</summary>
    private static readonly string[] PrivateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

    private void SetSip()
    {
        Set("Contacts", _settings.Asterisk.ContactsInAstdb ? "astdb,registrar" : "realtime,ps_contacts", "Asterisk:Render:Contacts");
        Set("ExpirationCheckInterval", "10", "");
        Set("CacheLifetime", Render.CacheLifetime == 0 ? "" : Text(Render.CacheLifetime), "Asterisk:Render:CacheLifetime");
        Set("OneDomain", Render.MultiDomain ? "" : "yes", "Asterisk:Render:MultiDomain");
        Set("SkipUnusedModules", Render.SkipUnusedModules ? "yes" : "", "Asterisk:Render:SkipUnusedModules");
        Set("Udp", Render.Transports.Contains("udp") ? "yes" : "", "");
        Set("Tcp", Render.Transports.Contains("tcp") ? "yes" : "", "");
        Set("SipBind", At(Render.SipAddress, Render.SipPort), "Asterisk:Render:SipAddress");
        Set("TlsBind", At(Render.SipAddress, Render.TlsPort), "Asterisk:Render:SipAddress");
        Set("WssBind", At(Render.SipAddress, Render.WssPort), "Asterisk:Render:SipAddress");
        Set("WssAddress", Render.SipAddress, "Asterisk:Render:SipAddress");
        Set("HttpPort", Text(Render.HttpPort), "Asterisk:Render:HttpPort");
        Set("CertificateFile", Render.CertificateFile ?? "", "Asterisk:Render:CertificateFile");
        Set("PrivateKeyFile", Render.PrivateKeyFile ?? "", "Asterisk:Render:PrivateKeyFile");
    }

    private void SetMedia()
    {
        var external = Render.ExternalAddress ?? "";
        Set("ExternalAddress", external, "Asterisk:Render:ExternalAddress");
        Set("ExternalMediaAddress", Render.ExternalMediaAddress ?? external, "Asterisk:Render:ExternalMediaAddress");
        var sipPort = external.Length == 0 ? "" : Text(Render.ExternalSipPort ?? Render.SipPort);
        Set("NatUdpPort", _values["Udp"].IsEmpty ? "" : sipPort, "Asterisk:Render:ExternalSipPort");
        Set("NatTcpPort", _values["Tcp"].IsEmpty ? "" : sipPort, "Asterisk:Render:ExternalSipPort");
        Set("NatTlsPort", external.Length == 0 || Render.CertificateFile is null ? "" : Text(Render.ExternalTlsPort ?? Render.TlsPort),
            "Asterisk:Render:ExternalTlsPort");
        SetList("LocalNetwork", external.Length == 0 ? [] : Render.LocalNetworks.Count > 0 ? Render.LocalNetworks : PrivateNetworks,
            "Asterisk:Render:LocalNetworks");
        PortRange? ports = Render.RtpPorts is not null && PortRange.TryParse(Render.RtpPorts, out var range) ? range : null;
        Set("RtpStart", ports is null ? "" : Text(ports.Value.First), "Asterisk:Render:RtpPorts");
        Set("RtpEnd", ports is null ? "" : Text(ports.Value.Last), "Asterisk:Render:RtpPorts");
        Set("StunServer", Render.StunServer ?? "", "Asterisk:Render:StunServer");
        Set("TurnServer", Render.TurnServer ?? "", "Asterisk:Render:TurnServer");
        Set("TurnUser", Render.TurnUser ?? "", "Asterisk:Render:TurnUser");
        Set("TurnPassword", Render.TurnPassword ?? "", "Asterisk:Render:TurnPassword");
    }

    /// <summary>The other nodes, each with the address at which this node calls it.</summary>
    private void SetOtherNodes(NodeSettings? node)
    {
        const string setting = "Asterisk:Render:SipHosts";
        ReportUnknownNodes("SipHosts", Render.SipHosts.Keys);
        var others = _settings.Asterisk.Nodes.Where(other => other.Name != node?.Name).Select(other => other.Name).ToList();
        if (Render.SipHosts.Count == 0)
        {
            if (others.Count > 0)
            {
                _remainingSteps.Add($"Phones of {node?.Name} cannot call those that are registered at {string.Join(", ", others)}: "
                    + $"set {setting} to the address of each server");
            }
            others.Clear();
        }
        _problems.AddRange(others.Where(other => !Render.SipHosts.ContainsKey(other))
            .Select(other => $"{setting}:{other} is needed: the address at which the other servers reach {other}, such as 192.0.2.7:5060"));
        var addresses = others.Select(other => SipHost.TryParse(Render.SipHosts.GetValueOrDefault(other), Render.SipPort, out var host)
            ? host : new IPEndPoint(IPAddress.Loopback, Render.SipPort)).ToList();
        SetList("OtherNode", others, setting);
        SetList("OtherNodeSip", [.. addresses.Select(address => address.ToString())], setting);
        SetList("OtherNodeAddress", [.. addresses.Select(address => address.Address.ToString())], setting);
    }

    private void SetDialplan()
    {
        var plan = NumberingPlan.Of(Render);
        Set("DidPrefix", Render.DidPrefix, "Asterisk:Render:DidPrefix");
        Set("CarrierEndpoint", Render.CarrierEndpoint, "Asterisk:Render:CarrierEndpoint");
        Set("EmergencyNumbers", string.Join(',', plan.EmergencyNumbers), "Asterisk:Render:EmergencyNumbers");
        Set("RingSeconds", Text(Render.RingSeconds), "Asterisk:Render:RingSeconds");
        SetList("DialledForm", [.. DialledForms(plan, Render.AreaCode)], "Asterisk:Render:Country");
    }

    /// <summary>Lines of the dialplan that turn a number as it is dialled into the number that the carrier gets.</summary>
    private static IEnumerable<string> DialledForms(NumberingPlan plan, string? areaCode)
    {
        yield return Form($"{plan.InternationalPrefix}X.", plan.InternationalPrefix.Length, "+");
        foreach (var (pattern, prefix) in plan.National)
            yield return plan.CountryCode.Length == 0 ? Form(pattern, 0, "") : Form(pattern, prefix, $"+{plan.CountryCode}");
        if (areaCode is not null && plan.Local is { } local)
            yield return Form(local, 0, $"+{plan.CountryCode}{areaCode}");

        static string Form(string pattern, int removed, string added) =>
            $"_{pattern},1,Goto(at-carrier,{added}${{EXTEN{(removed == 0 ? "" : $":{Text(removed)}")}}},1)";
    }
}
