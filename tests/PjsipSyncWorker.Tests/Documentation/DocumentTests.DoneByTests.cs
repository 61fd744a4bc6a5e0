namespace PjsipSyncWorker.Tests.Documentation;

public sealed partial class DocumentTests
{
    /// <summary>Blocks whose steps a test does with servers of its own, by the line that they begin with.</summary>
    private static readonly Dictionary<string, string> DoneByTests = new(StringComparer.Ordinal)
    {
        ["docs/operate/carriers.md: ; /etc/asterisk/pjsip_custom.conf"] = "CarrierTests runs it",
        ["docs/operate/carriers.md: ; /etc/asterisk/pjsip_custom.conf: a carrier without a registration"] =
            "NameTests and DialplanTests have such a carrier",
        ["docs/operate/carriers.md: ; /etc/asterisk/extensions_custom.conf: a few numbers"] = "CarrierTests runs it",
        ["docs/operate/carriers.md: ; /etc/asterisk/extconfig_custom.conf"] = "CarrierTests runs it",
        ["docs/operate/carriers.md: ; /etc/asterisk/extensions_custom.conf: numbers in SQL"] = "CarrierTests runs it",
        ["docs/operate/carriers.md: create table dids (did varchar(80) primary key, extension varchar(80) not null);"] =
            "CarrierTests runs it",
        ["docs/operate/carriers.md: ; /etc/asterisk/extensions_custom.conf: the number is in To"] = "CarrierTests runs it",
        ["docs/operate/carriers.md: ; /etc/asterisk/extensions_custom.conf: a second carrier for North America"
            + ", and the first one when it cannot"] = "CarrierTests runs it",
        ["docs/operate/move.md: pjsip-sync-worker import /etc/asterisk --dry-run"] = "MoveTests does it",
        ["docs/operate/move.md: cp -a /etc/asterisk /root/asterisk-before"] = "MoveTests does it",
        ["docs/operate/move.md: [global]"] = "MoveTests does it",
        ["docs/operate/move.md: hold() { nft 'table inet move { chain in { type filter hook input priority -10"
            + "; meta l4proto { tcp, udp } th dport { 5060, 5061 } drop; }; }'; }"] =
            "MoveTests does it with phones that drop what they send",
        ["docs/operate/move.md: hold; asterisk -rx 'pjsip reload'; release"] = "MoveTests does it",
        ["docs/operate/move.md: systemctl restart pjsip-sync-worker"] = "MoveTests does it",
        ["docs/operate/servers.md: alter system set listen_addresses = 'localhost, 192.0.2.1';     -- then: sy"
            + "stemctl restart postgresql"] = "needs a second machine; RenderTests does it with two servers on one",
        ["docs/operate/servers.md: # pg_hba.conf, then: systemctl reload postgresql"] =
            "needs a second machine; RenderTests does it with two servers on one",
        ["docs/operate/servers.md: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -"
            + "days 3650 -subj /CN=pbx2 \\"] = "needs a second machine; RenderTests does it with two servers on one",
        ["docs/operate/servers.md: pjsip-sync-worker render-config --node pbx1 --output pbx1-files"] =
            "needs a second machine; RenderTests does it with two servers on one",
        ["docs/operate/servers.md: pjsip-sync-worker verify-config"] =
            "needs a second machine; RenderTests does it with two servers on one",
    };
}
