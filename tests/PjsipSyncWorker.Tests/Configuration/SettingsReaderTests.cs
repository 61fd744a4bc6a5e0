using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Configuration;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Nothing_at_all_is_a_usable_configuration()
    {
        var settings = Read();

        Assert.Equal("public.extensions", settings.Source.Table);
        Assert.Equal(5000, settings.Sync.BatchSize);
        Assert.Empty(settings.Asterisk.Nodes);
        Assert.Equal("internal", settings.Realtime.Defaults.Endpoint["context"]);
    }

    [Fact]
    public void Our_names_become_column_names()
    {
        var settings = Read(("Source:Columns:CallerIdName", "cid_name"), ("Source:Columns:LastRegisteredIp", "ip"),
            ("Source:Columns:voicemail_enabled", "vm"));

        Assert.Equal(["caller_id_name", "last_registered_ip", "voicemail_enabled"],
            settings.Source.Columns.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Sync:BatchSise", "1", "Sync:BatchSise is not known here; did you mean BatchSize? The keys are: ")]
    [InlineData("Sync:BatchSize", "many", "Sync:BatchSize must be a whole number from 1 to 100000, not \"many\"")]
    [InlineData("Sync:BatchSize", "0", "Sync:BatchSize must be a whole number")]
    [InlineData("Sync:PollInterval", "30", "Sync:PollInterval must be a time")]
    [InlineData("Sync:MaxRemoval:Share", "20%", "Sync:MaxRemoval:Share must be a number from 0 to 1")]
    [InlineData("Asterisk:Nodes:0:Name", "pbx1", "Asterisk:Nodes:0:Secret is missing")]
    [InlineData("Asterisk:Nodes:0:Sceret", "x", "Asterisk:Nodes:0:Sceret is not known here; did you mean Secret?")]
    [InlineData("Source", "extensions", "Source must be a section")]
    [InlineData("Asterisk:Nodes:Name", "pbx1", "Asterisk:Nodes must be a list: [ { … } ]")]
    [InlineData("Asterisk:Nodes:0", "pbx1", "Asterisk:Nodes:0 must be a section")]
    [InlineData("Asterisk:Render:Transports", "udp", "Asterisk:Render:Transports must be a section or a list")]
    [InlineData("Sources:Table", "x", "Sources is not known; did you mean Source? The sections are: ")]
    [InlineData("Metrics:Port", "70000", "Metrics:Port must be a whole number from 1 to 65535")]
    [InlineData("Metrics:Host", "+", "Metrics:Host must be a name or an address of this machine")]
    [InlineData("Asterisk:Render:SipPrt", "5060", "Asterisk:Render:SipPrt is not known here; did you mean SipPort? The keys are: ")]
    [InlineData("Asterisk:Render:Contacts", "memory", "Asterisk:Render:Contacts must be realtime or astdb")]
    [InlineData("Asterisk:Render:DidPrefix", "+49 30", "Asterisk:Render:DidPrefix must be digits")]
    [InlineData("Asterisk:Render:EmergencyNumbers:0", "112&PJSIP/x", "Asterisk:Render:EmergencyNumbers must be a list of digits")]
    [InlineData("Asterisk:Render:Country", "XY", "Asterisk:Render:Country must be one of AT, AU, BE,")]
    [InlineData("Asterisk:Render:InternationalPrefix", "+", "Asterisk:Render:InternationalPrefix must be digits, such as 00, not \"+\"")]
    [InlineData("Asterisk:Render:NationalPrefix", "no", "Asterisk:Render:NationalPrefix must be digits, such as 0, or none, not \"no\"")]
    [InlineData("Asterisk:Render:AreaCode", "030", "Asterisk:Render:AreaCode must be digits, without the 0 of a national number")]
    [InlineData("Asterisk:Render:AreaCode", "30", "Asterisk:Render:AreaCode needs Country or CountryCode")]
    [InlineData("Asterisk:Render:ExternalAddress", "192.0.2.1:5060", "Asterisk:Render:ExternalAddress must be an address or a name")]
    [InlineData("Asterisk:Render:ExternalSipPort", "5060", "Asterisk:Render:ExternalSipPort does nothing without ExternalAddress")]
    [InlineData("Asterisk:Render:LocalNetworks:0", "10.0.0.1/8", "Asterisk:Render:LocalNetworks must be networks such as 192.168.0.0/16")]
    [InlineData("Asterisk:Render:SipHosts:pbx1", "pbx1.example.net", "Asterisk:Render:SipHosts:pbx1 must be an IP address")]
    [InlineData("Asterisk:Render:DatabaseHosts:pbx1", " ", "Asterisk:Render:DatabaseHosts:pbx1 must be the database's address")]
    [InlineData("Asterisk:Render:RtpPorts", "20000-10000", "Asterisk:Render:RtpPorts must be two ports from 1024 to 65535")]
    [InlineData("Asterisk:Render:RtpPorts", "10000", "Asterisk:Render:RtpPorts must be two ports from 1024 to 65535")]
    [InlineData("Asterisk:Render:StunServer", "stun.example.net", "Asterisk:Render:StunServer must be host:port")]
    [InlineData("Asterisk:Render:TurnServer", "turn.example.net:3478", "Asterisk:Render:TurnServer, TurnUser and TurnPassword belong")]
    [InlineData("Asterisk:Render:RingSeconds", "0", "Asterisk:Render:RingSeconds must be a whole number from 1 to 600")]
    [InlineData("Asterisk:Render:CertificateFile", "/etc/x.pem", "Asterisk:Render:CertificateFile and PrivateKeyFile belong together")]
    [InlineData("Realtime:Profiles:x:MaxContacts", "few", "Realtime:Profiles:x:MaxContacts must be a whole number")]
    public void A_mistake_is_one_clear_line(string key, string value, string expected)
    {
        var error = Assert.Throws<SettingsException>(() => Read((key, value)));
        Assert.Contains(error.Problems, problem => problem.StartsWith(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_broken_connection_string_is_not_repeated()
    {
        var error = Assert.Throws<SettingsException>(() => Read(("ConnectionStrings:Postgres", "Host=x;Pasword=hunter2")));
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Variables of other programs are no mistake, nor is a level of the log that only they have.</summary>
    [Theory]
    [InlineData("PATH", null)]
    [InlineData("RESOURCE__Table", null)]
    [InlineData("Async__Key", null)]
    [InlineData("Logging__EventLog__LogLevel__Default", null)]
    [InlineData("Sources", "Sources is not known; did you mean Source?")]
    [InlineData("Sorce__Table", "Sorce is not known; did you mean Source?")]
    [InlineData("ConnectionString__Postgres", "ConnectionString is not known; did you mean ConnectionStrings?")]
    public void A_variable_is_a_mistake_only_when_it_is_nearly_one_of_ours(string name, string? expected)
    {
        var before = Environment.GetEnvironmentVariable(name);
        Environment.SetEnvironmentVariable(name, "Debug");
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        Environment.SetEnvironmentVariable(name, before);

        var problem = Record.Exception(() => SettingsReader.Read(configuration));

        if (expected is null)
            Assert.Null(problem);
        else
            Assert.StartsWith(expected, Assert.Single(Assert.IsType<SettingsException>(problem).Problems), StringComparison.Ordinal);
    }

    private static WorkerSettings Read(params (string Key, string Value)[] values) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value))).Build());
}
