using System.Text.RegularExpressions;
using PjsipSyncWorker.SystemTests.Infrastructure;

namespace PjsipSyncWorker.SystemTests;

/// <summary>The life of the Debian package on one machine: installed, configured, killed, stalled, upgraded, purged.</summary>
[Collection("machine"), TestMethodOrderer(typeof(SourceOrder))]
public sealed class PackageTests(PackageMachine machine) : IClassFixture<PackageMachine>, IAsyncLifetime
{
    private const string Configuration = "/etc/pjsip-sync-worker/appsettings.json";
    private const string Connection = "Host=localhost;Database=pbx;Username=pjsip_sync;Password=a-password";
    private const string OnlySource = """{ "Source": { "Table": "public.extensions" } }""";

    private readonly Machine _debian = machine.Debian;
    private readonly WorkerUnit _unit = machine.Unit;

    public ValueTask InitializeAsync() => machine.Steps.BeforeAsync(this);

    public ValueTask DisposeAsync() => machine.Steps.AfterAsync();

    [Fact, Step]
    public async Task Package_installs_on_a_bare_Debian_without_starting_the_service()
    {
        await _debian.ShellAsync("apt-get install -y -qq --no-install-recommends /mnt/older.deb");

        await AssertOwnerAsync();
        Assert.Equal("inactive", await _unit.PropertyAsync("ActiveState"));
        await _debian.ExpectAsync("pjsip-sync-worker", "--version");
    }

    [Fact]
    public async Task Unconfigured_service_says_what_is_missing_and_is_not_restarted()
    {
        Assert.False(await _unit.TryControlAsync("start"));

        Assert.Equal("2", await _unit.PropertyAsync("ExecMainStatus"));
        Assert.Equal("0", await _unit.PropertyAsync("NRestarts"));
        Assert.Equal("failed", await _unit.PropertyAsync("ActiveState"));
        Assert.Matches(new Regex("^Database: .*(pbx|pjsip_sync)", RegexOptions.Multiline), await _unit.LogAsync());
    }

    [Fact, Step]
    public async Task Configured_and_initialized_service_becomes_active()
    {
        await _debian.ExpectAsync("runuser", "-u", "postgres", "--", "psql", "-q",
            "-c", "create role pjsip_sync login password 'a-password'", "-c", "create database pbx owner pjsip_sync");
        await ConfigureAsync($$"""{ "ConnectionStrings": { "Postgres": "{{Connection}}" } }""");
        await _debian.ExpectAsync("pjsip-sync-worker", "init", "--create-extensions");
        await _unit.ControlAsync("enable", "--now");

        await _unit.AssertActiveAsync();
        await _unit.ControlAsync("is-enabled");
    }

    [Fact, Step]
    public async Task Extension_inserted_by_SQL_becomes_rows_of_ps_endpoints()
    {
        await InsertAsync("1001");

        await Eventually.Equal("1", () => _debian.SqlAsync("""
            select count(*) from ps_endpoints join ps_auths using (id) join ps_aors using (id)
            where id = '1001' and ps_auths.password = 'sesame'
            """), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public Task Metric_of_changes_counts_the_created_extension() => Eventually.Succeeds(async () =>
        Assert.Matches(new Regex("""^pjsip_sync_changes_total\{.*operation="create".*\} 1( |$)""", RegexOptions.Multiline),
            await _debian.GetAsync("/metrics")), TimeSpan.FromSeconds(10));

    [Fact]
    public Task Systemctl_status_shows_the_workers_numbers() =>
        _unit.AssertStatusAsync(15, "Status: \"1 endpoint, 0 online, 0 rejected; no change waits\"");

    [Fact]
    public async Task Health_command_and_readyz_report_both_loops_ready()
    {
        Assert.Equal("sync: ok\nregistrations: ok", await _debian.ExpectAsync("pjsip-sync-worker", "health", "--ready"));
        Assert.Equal("sync: ok\nregistrations: ok", await _debian.GetAsync("/readyz"));
    }

    [Fact]
    public async Task Systemd_analyze_security_rates_the_service_1_5_or_better()
    {
        var found = await _debian.ExpectAsync("systemd-analyze", "security", "--no-pager", "pjsip-sync-worker");

        Assert.Matches("Overall exposure level.*: (1[.][0-5]|0[.][0-9]) ", found);
    }

    [Fact]
    public async Task Absent_database_is_waited_for_shown_and_logged_as_a_warning()
    {
        await _debian.ExpectAsync("systemctl", "stop", "postgresql");
        await _unit.ControlAsync("restart");
        await _unit.AssertActiveAsync();
        Assert.NotEqual(0, (await _debian.RunAsync("pjsip-sync-worker", "health", "--ready")).ExitCode);
        await _debian.ExpectAsync("pjsip-sync-worker", "health");
        await _unit.AssertStatusAsync(10, "Status: \"sync: Connection refused");
        Assert.Contains("Sync interrupted", await _unit.LogAsync("-p", "warning..warning"), StringComparison.Ordinal);

        await _debian.ExpectAsync("systemctl", "start", "postgresql");

        await Eventually.Succeeds(() => _debian.ExpectAsync("pjsip-sync-worker", "health", "--ready"), TimeSpan.FromSeconds(20));
        Assert.Equal("0", await _unit.PropertyAsync("NRestarts"));
    }

    [Fact, Step]
    public async Task Killed_worker_is_restarted_and_applies_changes()
    {
        var pid = await _unit.PropertyAsync("MainPID");
        await _unit.ControlAsync("kill", "-s", "KILL");
        await _unit.AssertRestartedAsync(20, pid);

        await InsertAsync("1002");

        await AssertEndpointsAsync("2");
    }

    [Fact]
    public async Task Stopped_worker_is_restarted_by_the_watchdog()
    {
        await _debian.ShellAsync("""
            mkdir -p /etc/systemd/system/pjsip-sync-worker.service.d
            printf '[Service]\nWatchdogSec=2s\n' >/etc/systemd/system/pjsip-sync-worker.service.d/watchdog.conf
            systemctl daemon-reload
            systemctl restart pjsip-sync-worker
            """);
        var pid = await _unit.PropertyAsync("MainPID");
        // The worker must live for three times as long as systemd waits.
        await Task.Delay(TimeSpan.FromSeconds(6));
        Assert.Equal(pid, await _unit.PropertyAsync("MainPID"));

        await _unit.ControlAsync("kill", "-s", "STOP");

        await _unit.AssertRestartedAsync(30, pid);
        Assert.Contains("watchdog timeout", await _unit.LogAsync(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact, Step]
    public async Task Connection_string_is_read_from_the_credential_store()
    {
        const string credential = "/etc/credstore/pjsip-sync-worker.postgres";
        await _debian.ExpectAsync("install", "-D", "-m", "600", "/dev/null", credential);
        await _debian.WriteAsync(credential, Connection);
        await ConfigureAsync(OnlySource);
        await _unit.ControlAsync("restart");
        await _unit.AssertActiveAsync();

        await InsertAsync("1003");
        await AssertEndpointsAsync("3");
        Assert.DoesNotContain("inherited credential", await _unit.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restarts_under_load_lose_no_change()
    {
        const string writing = """
            for i in $(seq 400); do
              from=$((2000 + i % 50 * 10)) gone=$((2100 + i % 40 * 7))
              echo "insert into extensions (number, password) select g::text, '$i' from generate_series($from, $((from + 30))) g
                on conflict (number) do update set password = excluded.password;
                delete from extensions where number::int between $gone and $((gone + 5));"
              sleep 0.02
            done | runuser -u postgres -- psql -X -q -d pbx
            """;
        var writer = _debian.ShellAsync(writing);
        for (var restart = 0; restart < 4; restart++)
        {
            await _unit.ControlAsync("restart");
            Assert.Equal("success", await _unit.PropertyAsync("Result"));
            await Task.Delay(Random.Shared.Next(900));
        }
        await writer;

        await Eventually.Equal("0", () => _debian.SqlAsync("select count(*) from pjsip_sync.change"), TimeSpan.FromSeconds(20));
        await machine.AssertInSyncAsync();
        Assert.Equal("t", await _debian.SqlAsync("select count(*) > 100 from ps_endpoints"));
    }

    [Fact, Step]
    public async Task Upgrade_keeps_the_configuration_and_runs_the_new_version()
    {
        var (pid, before) = (await _unit.PropertyAsync("MainPID"), await _debian.ExpectAsync("md5sum", Configuration));

        await _debian.ShellAsync("apt-get install -y -qq /mnt/newer.deb");

        Assert.NotEqual("0.0.9", await _debian.ExpectAsync("dpkg-query", "-W", "-f", "${Version}", "pjsip-sync-worker"));
        Assert.Equal(before, await _debian.ExpectAsync("md5sum", Configuration));
        await AssertOwnerAsync();
        await _unit.AssertRestartedAsync(20, pid);
        await machine.AssertInSyncAsync();
    }

    [Fact]
    public async Task Removed_and_reinstalled_package_works_as_before()
    {
        await _debian.ShellAsync("apt-get remove -y -qq pjsip-sync-worker");
        Assert.False(await _unit.TryControlAsync("is-active"));
        await _debian.ExpectAsync("test", "-e", Configuration);

        await _debian.ShellAsync("apt-get install -y -qq /mnt/newer.deb");

        await _unit.ControlAsync("start");
        await _unit.AssertActiveAsync();
        await _debian.ExpectAsync("pjsip-sync-worker", "health", "--ready");
    }

    [Fact]
    public async Task Invalid_configuration_is_named_and_the_service_not_restarted()
    {
        await ConfigureAsync("""{ "Sync": { "BatchSize": 0 } }""");

        Assert.False(await _unit.TryControlAsync("restart"));

        Assert.Equal("2", await _unit.PropertyAsync("ExecMainStatus"));
        Assert.Equal("failed", await _unit.PropertyAsync("ActiveState"));
        Assert.Contains("Configuration: Sync:BatchSize", await _unit.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purge_leaves_no_file_user_group_or_process()
    {
        await ConfigureAsync(OnlySource);
        await _unit.ControlAsync("restart");

        await _debian.ShellAsync("apt-get purge -y -qq pjsip-sync-worker");

        Assert.Equal("not-found", await _unit.PropertyAsync("LoadState"));
        foreach (var command in new[] { "getent passwd pjsip_sync", "getent group pjsip_sync", "pgrep -f pjsip-sync-worker" })
            Assert.NotEqual(0, (await _debian.RunAsync(command.Split(' '))).ExitCode);
        Assert.Empty(await _debian.ShellAsync("""
            find / -xdev \( -path /proc -o -path /mnt -o -path /var/log -o -path /var/cache/apt \) -prune -o -name '*pjsip[-_]sync*' -print
            """));
    }

    private Task ConfigureAsync(string json) => _debian.WriteAsync(Configuration, json + "\n");

    private async Task InsertAsync(string number) =>
        await _debian.SqlAsync($"insert into extensions (number, password) values ('{number}', 'sesame')");

    private async Task AssertOwnerAsync() =>
        Assert.Equal("640 root pjsip_sync", await _debian.ExpectAsync("stat", "-c", "%a %U %G", Configuration));

    private Task AssertEndpointsAsync(string count) =>
        Eventually.Equal(count, () => _debian.SqlAsync("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(10));
}
