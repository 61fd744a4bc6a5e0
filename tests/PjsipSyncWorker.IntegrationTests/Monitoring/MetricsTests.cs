using System.Globalization;
using System.Text.Json;
using FakeAmi = PjsipSyncWorker.TestSupport.Fakes.FakeAmi;

namespace PjsipSyncWorker.IntegrationTests.Monitoring;

/// <summary>What a real Prometheus makes of the daemon's metrics, of <c>monitoring/alerts.yml</c> and of the dashboard.</summary>
public sealed class MetricsTests(PostgresServer server)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_dashboard_panel_and_alert_metric_has_data()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. FakePbx.Node(ami), $"Metrics__Port={port}", "Sync__ReconcileInterval=00:00:01", "Asterisk__SnapshotInterval=00:00:01"]);
        await using var prometheus = await PrometheusServer.StartAsync(port);
        await Eventually.Equal(1, () => prometheus.CountAsync("up == 1"), Limit);
        // A refusal, a phone, and a row of ours that somebody else removes.
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x'), ('10 02', 'x')");
        await Expect.RefreshedAsync(database);
        await ami.SayAsync(() => pbx.Say("1001", comes: true));
        await Eventually.Equal("online", () => database.ScalarAsync<string>("select status from extensions where number = '1001'"));
        await database.ExecuteAsync("delete from ps_endpoints");
        await Eventually.Equal(1, () => prometheus.CountAsync("pjsip_sync_drift_repaired_total > 0"), Limit);
        await database.ExecuteAsync("update extensions set display_name = 'Anna' where number = '1001'");

        foreach (var (panel, query) in await PanelsAsync())
            await HasDataAsync(panel, query);
        foreach (var metric in await AlertingMetricsAsync())
            await HasDataAsync("alerts.yml", metric);
        await HasDataAsync("Polly's own meter", "resilience_polly_strategy_events_total");
        await HasDataAsync("the runtime's own meter", "dotnet_gc_collections_total");
        Assert.Equal(1, await prometheus.CountAsync("pjsip_sync_status_flips_total > 0"));
        Assert.Equal(1, await prometheus.CountAsync("""pjsip_sync_extensions{status="online"} == 1"""));

        // No label knows an extension, a role or a secret.
        var text = string.Join('\n', (await prometheus.SeriesAsync()).SelectMany(series => series.Values).Distinct());
        Assert.DoesNotContain("1001", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Username", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(FakeAmi.Secret, text, StringComparison.Ordinal);

        Task HasDataAsync(string where, string query) => Eventually.Equal($"{where}: {query}: some", async () =>
            $"{where}: {query}: {(await prometheus.CountAsync(query) > 0 ? "some" : "no")}", Limit);
    }

    [Fact]
    public async Task Promtool_has_no_complaint_about_a_whole_scrape_which_is_small()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        // Two servers, of which one is away: then Polly has metrics of its retries.
        var (port, away) = (Ports.Next(), Ports.Next());
        await using var worker = await WorkerProcess.StartAsync(database, [.. FakePbx.Node(ami), $"Metrics__Port={port}",
            "Asterisk__Nodes__1__Name=pbx2", $"Asterisk__Nodes__1__Port={away}", "Asterisk__Nodes__1__Secret=x"]);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await ami.SayAsync(() => pbx.Say("1001", comes: true));
        var metrics = await ScrapeAsync(port, "pjsip_sync_status_flips_total", "resilience_polly_strategy_events_total",
            "pjsip_sync_ami_snapshot_duration_seconds", "pjsip_sync_lag_seconds", "db_client_connections");
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, metrics);

        var (exitCode, output) = await Repository.RunAsync("sh", ["-c", "promtool check metrics <\"$0\"", file], Limit);

        File.Delete(file);
        Assert.Equal((0, ""), (exitCode, output));
        Assert.InRange(metrics.Length, 1, 50_000);
        Assert.DoesNotContain("otel_scope", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet_jit", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_has_the_metrics_that_every_process_has()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var port = Ports.Next();
        await using var worker = await WorkerProcess.StartAsync(database, $"Metrics__Port={port}");
        var values = (await ScrapeAsync(port, "process_max_fds")).Split('\n')
            .Where(line => line.StartsWith("process_", StringComparison.Ordinal))
            .ToDictionary(line => line.Split('{')[0], line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

        Assert.InRange(values["process_cpu_seconds_total"], 0.01, 60);
        Assert.InRange(values["process_resident_memory_bytes"] / 1024 / 1024, worker.ResidentMegabytes * 0.5, worker.ResidentMegabytes * 2);
        Assert.InRange(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"], double.MaxValue);
        Assert.InRange(values["process_start_time_seconds"], DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 120,
            DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Assert.InRange(values["process_open_fds"], 10, values["process_max_fds"]);
    }

    [Fact]
    public async Task A_worker_that_stands_by_says_so()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        var (first, second) = (Ports.Next(), Ports.Next());
        await using var leader = await WorkerProcess.StartAsync(database, [.. FakePbx.Node(ami), $"Metrics__Port={first}"]);
        await ScrapeAsync(first, "pjsip_sync_ami_connected{node=\"pbx1\"} 1");
        await using var other = await WorkerProcess.StartAsync(database, [.. FakePbx.Node(ami), $"Metrics__Port={second}"]);

        await ScrapeAsync(second, "pjsip_sync_standby{node=\"pbx1\"} 1");
        await ScrapeAsync(first, "pjsip_sync_standby{node=\"pbx1\"} 0");
        await leader.KillAsync();
        await ScrapeAsync(second, "pjsip_sync_standby{node=\"pbx1\"} 0");
    }

    /// <summary>Returns a scrape that has all of these texts, as soon as there is one.</summary>
    private static async Task<string> ScrapeAsync(int port, params string[] texts)
    {
        using var http = new HttpClient();
        var metrics = "";
        await Eventually.Equal("", async () =>
        {
            metrics = await http.GetStringAsync($"http://localhost:{port}/metrics");
            return string.Join(", ", texts.Where(text => !metrics.Contains(text, StringComparison.Ordinal)));
        }, Limit);
        return metrics;
    }

    [Fact]
    public async Task The_alerts_fire_when_they_should_and_only_then() =>
        Assert.Contains("SUCCESS", await Repository.ExpectAsync("promtool",
            ["test", "rules", Path.Combine(Repository.Root, "monitoring", "alerts.test.yml")], Limit), StringComparison.Ordinal);

    private static async Task<List<(string Title, string Query)>> PanelsAsync()
    {
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "monitoring",
            "grafana-dashboard.json")));
        return [.. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
            where panel.TryGetProperty("targets", out _)
            from target in panel.GetProperty("targets").EnumerateArray()
            select (panel.GetProperty("title").GetString()!, target.GetProperty("expr")
                .GetString()!.Replace("$__rate_interval", "1m", StringComparison.Ordinal)
                .Replace("$instance", ".*", StringComparison.Ordinal))];
    }

    private static async Task<IEnumerable<string>> AlertingMetricsAsync() =>
        System.Text.RegularExpressions.Regex.Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "monitoring", "alerts.yml")),
            "(?:pjsip_sync|process)_[a-z_]+").Select(match => match.Value)
            .Where(name => name != "pjsip_sync_").Distinct().Order(StringComparer.Ordinal);
}
