using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>The files and commands of docs/use/browser-phones.md, in a real Chromium with a fake microphone, at a real Asterisk.</summary>
public sealed partial class BrowserPhoneTests(PostgresServer server) : IDisposable
{
    private const string Page = "docs/use/browser-phones.md";
    private readonly string _folder = Directory.CreateTempSubdirectory("pjsip-sync-browser.").FullName;

    [Fact]
    public async Task A_page_registers_calls_is_called_and_is_offline_when_it_is_closed()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = new AsteriskServer();
        using var files = new RenderedFiles(database, asterisk);
        var wssPort = await StartWithCertificateAsync(asterisk, files);
        await using var worker = await WorkerProcess.StartAsync(database, files.Settings());
        await database.ExecuteAsync(Document.Blocks(Page).Single(block => block.Language == "sql").Text);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'one')");
        await Expect.RefreshedAsync(database);
        var (web, address) = await ServeAsync();
        await using var served = web;
        await using var browser = new RunningProgram(Repository.Info("node", [Path.Combine(_folder, "drive.mjs"), address]));
        await browser.WroteAsync("ready");

        await browser.TypeAsync($"fill [name=server] localhost:{Ports.Next()}", "fill [name=number] 2001",
            "fill [name=password] not-this-one", "press #login>button");
        await browser.WroteAsync("state: no connection to the server");
        await browser.WroteAsync("ERR_CONNECTION_REFUSED");
        await browser.TypeAsync($"fill [name=server] localhost:{wssPort}", "press #login>button");
        await browser.WroteAsync("state: not registered: Authentication Error");
        var password = await database.ScalarAsync<string>("select password from extensions where number = '2001'");
        await browser.TypeAsync($"fill [name=password] {password}", "press #login>button");
        await browser.WroteAsync("state: online");
        await Eventually.Equal("2001|online|JsSIP 3.13.8", () => PhoneAsync(database));

        await browser.TypeAsync("press #call>button");
        await browser.WroteAsync("state: in a call");
        await Eventually.True(async () => HearsAndIsHeard(await asterisk.CliAsync("pjsip show channelstats")));
        var before = await ThumbprintAsync(wssPort);
        await RenewCertificateAsync(asterisk);
        Assert.NotEqual(before, await ThumbprintAsync(wssPort));
        Assert.True(HearsAndIsHeard(await asterisk.CliAsync("pjsip show channelstats")));
        await browser.TypeAsync("press #hangup");
        await browser.WroteAsync("state: online", 2);

        var desk = new SipPhone(asterisk, "1001", "one", "127.0.0.11");
        Assert.True(await desk.RegisterAsync());
        var calling = desk.CallAsync("2001");
        await browser.WroteAsync("state: 1001 calls");
        await browser.TypeAsync("press #answer");
        await browser.WroteAsync("state: in a call", 2);
        Assert.True(await calling);

        await browser.TypeAsync("close");
        await browser.WroteAsync("closed");
        await Eventually.Equal("2001|offline", () => PhoneAsync(database));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Starts Asterisk with the certificate for a try.</summary>
    /// <returns>The port of secure WebSockets.</returns>
    private static async Task<int> StartWithCertificateAsync(AsteriskServer asterisk, RenderedFiles files)
    {
        var wssPort = Ports.Next();
        await asterisk.ShellAsync(Commands("The certificate")[0]);
        string[] settings =
        [
            .. files.Settings(), $"Asterisk__Render__CertificateFile={asterisk.ConfigurationPath("server.crt")}",
            $"Asterisk__Render__PrivateKeyFile={asterisk.ConfigurationPath("server.key")}",
            $"Asterisk__Render__TlsPort={Ports.Next()}", $"Asterisk__Render__WssPort={wssPort}",
            $"Asterisk__Render__HttpPort={Ports.Next()}",
        ];
        await files.RenderAsync(settings);
        await asterisk.StartFromAsync(files.Output, files.Site);
        return wssPort;
    }

    /// <summary>Runs the hook of the page with another certificate.</summary>
    private static async Task RenewCertificateAsync(AsteriskServer asterisk)
    {
        var commands = Commands("The certificate");
        var renewed = commands[0].Replace("/etc/asterisk/server.key", "/etc/letsencrypt/live/privkey.pem", StringComparison.Ordinal)
            .Replace("/etc/asterisk/server.crt", "/etc/letsencrypt/live/fullchain.pem", StringComparison.Ordinal);
        await asterisk.ShellAsync("mkdir -p /etc/letsencrypt/renewal-hooks/deploy /etc/letsencrypt/live\n" + renewed);
        await asterisk.ShellAsync(commands[1]);
        await asterisk.ShellAsync("RENEWED_LINEAGE=/etc/letsencrypt/live /etc/letsencrypt/renewal-hooks/deploy/asterisk");
        Assert.Equal("640 asterisk\n", await asterisk.ShellAsync("stat -c '%a %G' /etc/asterisk/server.key"));
    }

    private static async Task<string> ThumbprintAsync(int port)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync("127.0.0.1", port);
        await using var tls = new SslStream(
            connection.GetStream(), leaveInnerStreamOpen: false, (_, presented, _, _) => presented is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        return tls.RemoteCertificate!.GetCertHashString();
    }

    /// <summary>Writes the files of the page, bundles them as the page says, and serves them.</summary>
    /// <returns>The server, and the address of the page.</returns>
    private async Task<(RunningProgram Server, string Address)> ServeAsync()
    {
        await Command.ExpectAsync(["bash", "-euc", $"""
            . {Repository.Script("lib.sh")}
            need_framework browser
            ln -s "$node_modules" {_folder}/
            cp {Path.Combine(Repository.Root, "tests", "frameworks", "browser", "drive.mjs")} {_folder}/
            """], limit: TimeSpan.FromMinutes(10));
        foreach (var block in Document.Blocks(Page))
            if (block.CopiedTo is { } file)
                await File.WriteAllTextAsync(Path.Combine(_folder, file), block.Text);
        await Command.ExpectAsync(["env", $"--chdir={_folder}", "bash", "-euc", Commands("The page").Single()]);
        var port = Ports.Next();
        return (new RunningProgram(Repository.Info("/usr/bin/python3",
            ["-u", "-m", "http.server", $"{port}", "--bind", "127.0.0.1", "--directory", _folder])), $"http://localhost:{port}/phone.html");
    }

    private static List<string> Commands(string heading) =>
        [.. Document.Blocks(Page).Where(block => block.Heading == heading && block.Language == "sh").Select(block => block.Text)];

    private static Task<string?> PhoneAsync(TestDatabase database) => database.ScalarAsync<string>("""
        select concat_ws('|', number, status, user_agent) from pjsip_sync.registration where number = '2001'
        """);

    /// <summary>Whether the one channel received and sent more than 50 packets, a second of voice.</summary>
    private static bool HearsAndIsHeard(string statistics) => PacketCounts().Match(statistics) is { Success: true } counts
        && int.Parse(counts.Groups[1].Value, CultureInfo.InvariantCulture) > 50
        && int.Parse(counts.Groups[2].Value, CultureInfo.InvariantCulture) > 50;

    /// <summary>The columns of "pjsip show channelstats": channel, time, codec, received packets, lost, percent, jitter, sent.</summary>
    [GeneratedRegex(@"2001-\S+ +[0-9:]+ +\S+ +(\d+) +\d+ +\d+ +[\d.]+ +(\d+)")]
    private static partial Regex PacketCounts();
}
