using System.Text;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Cli;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Configuration;

/// <summary>What <c>config</c> shows: each key in force, where it was given, and no secret.</summary>
public sealed class SettingsInForceTests
{
    private const string Secret = "hunter2";

    [Fact]
    public void Each_key_has_its_value_and_its_line_or_is_a_default()
    {
        var settings = Read("""
            {
              "Sync": { "BatchSize": 7 },
              "Source": {
                "Columns": { "Number": "ext" } },
              "Asterisk": { "Nodes": [
                { "Name": "pbx1", "Secret": "x" } ], "Render": { "Transports": [ "udp" ] } },
              "Realtime": { "Defaults": { "Endpoint": { "context": "phones" } } },
              "Logging": { "LogLevel": { "Default": "Debug" } }
            }
            """);

        string[] expected =
        [
            "ConnectionStrings:Postgres = Host=/run/postgresql;Database=pbx;Username=pjsip_sync (default)",
            "Source:Columns:Number = ext (app.json:4)", "Sync:BatchSize = 7 (app.json:2)", "Sync:PollInterval = 00:00:30 (default)",
            "Asterisk:Nodes:0:Name = pbx1 (app.json:6)", "Asterisk:Render:Transports = udp (app.json:6)",
            "Realtime:Defaults:Endpoint:context = phones (app.json:7)", "Realtime:Defaults:Endpoint:allow = ulaw,alaw (default)",
            "Realtime:Profiles:webrtc:Endpoint:webrtc = yes (default)", "Logging:LogLevel:Default = Debug (app.json:8)",
        ];
        Assert.Empty(expected.Except(settings.Select(setting => $"{setting.Key} = {setting.Value} ({setting.Place ?? "default"})")));
    }

    [Fact]
    public void Each_key_of_a_settings_record_is_shown_once()
    {
        var keys = Read("{}").Select(setting => setting.Key).ToList();

        Assert.Equal(keys.Distinct(), keys);
        Assert.Contains("Metrics:Port", keys);
        Assert.Contains("Sync:MaxRemoval:Share", keys);
        Assert.Contains("Asterisk:Render:SipPort", keys);
    }

    [Theory]
    [InlineData("""{ "ConnectionStrings": { "Postgres": "Host=db;Username=x;Password=hunter2" } }""")]
    [InlineData("""{ "ConnectionStrings": { "Postgres": "Host=db;Username=x;pwd = hunter2;SSL Password=hunter2" } }""")]
    [InlineData("""{ "Asterisk": { "Nodes": [ { "Secret": "hunter2" } ], "Render": { "DatabasePassword": "hunter2" } } }""")]
    [InlineData("""{ "Realtime": { "Defaults": { "Auth": { "password": "hunter2" } } } }""")]
    [InlineData("""{ "Realtime": { "Profiles": { "x": { "Auth": { "md5_cred": "hunter2" } } } } }""")]
    public void No_secret_is_shown(string json)
    {
        var settings = Read(json);

        Assert.DoesNotContain(settings, setting => setting.Value.Contains(Secret, StringComparison.Ordinal));
        Assert.Contains(settings, setting => setting.Value.Contains("***", StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, ConfigCommand.Json(["app.json"], settings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://app:hunter2@db.example.net:5432/pbx", "postgres://app:***@db.example.net:5432/pbx")]
    [InlineData("postgresql://app:hun@ter/2@db/pbx?sslmode=require", "postgresql://app:***@db/pbx?sslmode=require")]
    [InlineData("postgres://db/pbx?user=app&password=hunter2&sslmode=require", "postgres://db/pbx?user=app&password=***&sslmode=require")]
    [InlineData("postgres://app@db/pbx", "postgres://app@db/pbx")]
    [InlineData("host=db password=hunter2 dbname=pbx", "Host=\"db password=*** dbname=pbx\"")]
    [InlineData("Host=db;Unknown=hunter2", "***")]
    [InlineData("Host=db;Username=x", "Host=db;Username=x")]
    public void A_connection_is_shown_without_its_password(string text, string expected) =>
        Assert.Equal(expected, ConnectionText.Mask(text));

    [Fact]
    public void Json_has_files_and_settings_with_null_for_a_default() => Assert.Equal(
        """{"files":["a.json"],"settings":[{"key":"A:B","value":"x","source":"a.json:2"},{"key":"A:C","value":"","source":null}]}""",
        ConfigCommand.Json(["a.json"], [new SettingInForce("A:B", "x", "a.json:2"), new SettingInForce("A:C", "", null)]));

    [Fact]
    public void A_later_file_is_the_place_of_what_it_gives()
    {
        var configuration = new ConfigurationBuilder().Add(File("first.json", """{ "Sync": { "BatchSize": 7, "Adopt": true } }"""))
            .Add(File("second.json", """{ "sync": { "batchsize": 8 } }""")).Build();

        Assert.Equal("second.json:1", SettingsSources.PlaceOf(configuration, "Sync:BatchSize"));
        Assert.Equal("first.json:1", SettingsSources.PlaceOf(configuration, "Sync:Adopt"));
        Assert.Null(SettingsSources.PlaceOf(configuration, "Sync:PollInterval"));
        Assert.Equal(8, SettingsReader.Read(configuration).Sync.BatchSize);
    }

    private static IReadOnlyList<SettingInForce> Read(string json)
    {
        var configuration = new ConfigurationBuilder().Add(File("app.json", json)).Build();
        var reading = new SettingsReading(configuration) { MayLackSecrets = true };
        SettingsReader.Read(configuration, reading);
        return reading.InForce;
    }

    private static SettingsFile File(string name, string json) => SettingsFile.Parse(name, Encoding.UTF8.GetBytes(json));
}
