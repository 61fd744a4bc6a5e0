using System.Net;
using System.Text.RegularExpressions;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Monitoring;

/// <summary>What systemd, a probe and <c>pjsip-sync-worker health</c> hear of the daemon.</summary>
public sealed class HealthTests(PostgresServer server)
{
    [Fact]
    public async Task Systemd_receives_ready_status_watchdog_and_stopping()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x'), ('10 02', 'x')");
        using var systemd = new NotifySocket();
        await using var worker = WorkerProcess.Launch(database, systemd.Settings);

        await systemd.HeardAsync(word => word == "READY=1");
        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        await systemd.HeardAsync(word => word == "STATUS=1 endpoint, 0 online, 1 rejected; no change waits");
        Assert.Contains("WATCHDOG=1", systemd.Said);
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal("STOPPING=1", systemd.Said.Last(word => !word.StartsWith("WATCHDOG", StringComparison.Ordinal)));
        Assert.Single(systemd.Said, "READY=1");
    }

    [Fact]
    public async Task A_database_that_is_away_does_not_keep_systemd_waiting_and_is_named()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var direct = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var (port, metrics) = (Ports.Next(), $"Metrics__Port={Ports.Next()}");
        await using var away = database.At(port);
        using var systemd = new NotifySocket();
        await using var worker = WorkerProcess.Launch(away, [.. systemd.Settings, metrics]);

        await systemd.HeardAsync(word => word == "READY=1");
        await systemd.HeardAsync(word => word.StartsWith("STATUS=sync: ", StringComparison.Ordinal)
            && word.Contains("refused", StringComparison.Ordinal));
        var (alive, _) = await WorkerProcess.CommandAsync(away, [metrics], "health");
        var (ready, why) = await WorkerProcess.CommandAsync(away, [metrics], "health", "--ready");
        Assert.Equal((0, 1), (alive, ready));
        Assert.Contains("sync: Connection refused", why, StringComparison.Ordinal);
        // It keeps trying, and that is progress.
        var pings = systemd.Said.Count(word => word == "WATCHDOG=1");
        await systemd.HeardAsync(_ => systemd.Said.Count(word => word == "WATCHDOG=1") > pings + 5);

        using var proxy = new TcpProxy(direct.Port, port);

        await Eventually.Equal(0, async () => (await WorkerProcess.CommandAsync(away, [metrics], "health", "--ready")).ExitCode);
        await systemd.HeardAsync(word => word == "STATUS=0 endpoints, 0 online, 0 rejected; no change waits");
    }

    [Fact]
    public async Task Absent_Asterisk_is_alive_but_not_ready()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var metrics = $"Metrics__Port={Ports.Next()}";
        using var systemd = new NotifySocket();
        await using var worker = WorkerProcess.Launch(database,
            [.. systemd.Settings, metrics, "Asterisk__Nodes__0__Name=pbx1", $"Asterisk__Nodes__0__Port={Ports.Next()}",
                "Asterisk__Nodes__0__Secret=x"]);

        await systemd.HeardAsync(word => word == "READY=1");
        await systemd.HeardAsync(word => word.StartsWith("STATUS=Asterisk pbx1: ", StringComparison.Ordinal)
            && word.EndsWith("; 0 endpoints, 0 online, 0 rejected; no change waits", StringComparison.Ordinal));

        var (alive, _) = await WorkerProcess.CommandAsync(database, [metrics], "health");
        var (ready, parts) = await WorkerProcess.CommandAsync(database, [metrics], "health", "--ready");
        Assert.Equal((0, 1), (alive, ready));
        Assert.Equal(["Asterisk pbx1", "registrations", "registrations of pbx1", "status", "sync"],
            parts.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)])
                .Order(StringComparer.Ordinal));
        Assert.All(parts.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Equal(!line.StartsWith("Asterisk", StringComparison.Ordinal), line.EndsWith(": ok", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Prometheus_and_a_probe_share_the_port()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, $"Metrics__Port={port}");
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };

        await Eventually.Equal("sync: ok\nregistrations: ok\n", () => http.GetStringAsync("/readyz"));
        Assert.Equal("sync: ok\nregistrations: ok\n", await http.GetStringAsync("/healthz"));
        Assert.Contains("# TYPE", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_port_has_a_page_with_links_that_work_and_nothing_else()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, $"Metrics__Port={port}");
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };

        using var page = await http.GetAsync("/", TestContext.Current.CancellationToken);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'none';", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains($"Version {System.Net.WebUtility.HtmlEncode(Diagnostics.BuildInfo.Version)}", html, StringComparison.Ordinal);
        var links = Regex.Matches(html, "href=\"([^\"]*)\"").Select(link => link.Groups[1].Value).ToList();
        Assert.Equal(["metrics", "healthz", "readyz"], links);
        foreach (var link in links)
            await Eventually.Equal(HttpStatusCode.OK, async () => (await http.GetAsync(link)).StatusCode);

        foreach (var path in new[] { "/favicon.ico", "/../etc/passwd", "/%00", "/healthz/x" })
            Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
        using var post = await http.PostAsync("/", new StringContent("x"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, html.Length), (head.StatusCode, (int)head.Content.Headers.ContentLength!));
    }

    [Fact]
    public async Task A_container_answers_under_any_name()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        string[] metrics = [$"Metrics__Port={Ports.Next()}", "Metrics__Host=*"];
        await using var worker = await WorkerProcess.StartAsync(database, metrics);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.9:{metrics[0].Split('=')[1]}") };
        http.DefaultRequestHeaders.Host = "worker.example";

        Assert.Contains("# TYPE", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.StartsWith("sync: ", await http.GetStringAsync("/healthz"), StringComparison.Ordinal);
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, metrics, "health")).ExitCode);
    }

    [Fact]
    public async Task Where_no_daemon_answers_the_command_says_so()
    {
        await using var database = await server.CreateDatabaseAsync();
        var port = Ports.Next();
        var (exit, output) = await WorkerProcess.CommandAsync(database, [$"Metrics__Port={port}"], "health");
        Assert.Equal(3, exit);
        Assert.StartsWith($"No answer from http://localhost:{port}/healthz: ", output, StringComparison.Ordinal);
    }
}
