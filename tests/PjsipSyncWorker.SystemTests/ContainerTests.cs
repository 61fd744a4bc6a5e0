using System.Diagnostics;
using System.Text.RegularExpressions;
using PjsipSyncWorker.SystemTests.Infrastructure;

namespace PjsipSyncWorker.SystemTests;

/// <summary>
/// The documented way in containers, each of its commands as the document has it; a phone registers; then secrets that are missing or
/// wrong, a database that is away, a worker that is killed or stuck.
/// </summary>
[Collection(DockerEngine.Collection), TestMethodOrderer(typeof(SourceOrder))]
public sealed class ContainerTests(Containers containers) : IClassFixture<Containers>, IAsyncLifetime
{
    private static readonly string[] Secrets = ["POSTGRES_PASSWORD", "WORKER_PASSWORD", "ASTERISK_PASSWORD", "AMI_SECRET"];
    private static readonly IReadOnlyList<DocumentStep> Steps = DocumentSteps.OfSection("In containers");

    public ValueTask InitializeAsync() => containers.Steps.BeforeAsync(this);

    public ValueTask DisposeAsync() => containers.Steps.AfterAsync();

    [Fact]
    public async Task Compose_without_secrets_starts_nothing_and_names_the_missing()
    {
        var file = Path.Combine(containers.Checkout, ".env");
        await File.WriteAllTextAsync(file, "");
        foreach (var name in Secrets)
        {
            var found = await containers.ComposeAsync("up", "-d");
            Assert.NotEqual(0, found.ExitCode);
            Assert.Contains($"{name} in .env is ", found.Errors, StringComparison.Ordinal);
            await File.AppendAllTextAsync(file, $"{name}=x\n");
        }
        File.Delete(file);
    }

    [Fact, Step]
    public async Task Documented_command_makes_the_secrets()
    {
        await containers.ShellAsync(Steps[0].Text);

        foreach (var name in Secrets)
            Assert.Matches("^[0-9a-f]{48}$", await containers.SecretAsync(name));
        Assert.Equal("600", (await containers.ShellAsync("stat -c %a .env")).Text);
    }

    [Fact, Step]
    public Task Documented_command_builds_and_starts_the_containers() => containers.ShellAsync(Steps[1].Text);

    [Fact, Step]
    public async Task Worker_and_Asterisk_become_healthy()
    {
        await containers.AssertHealthAsync(60, "worker");
        await containers.AssertHealthAsync(60, "asterisk");
        var found = await containers.ComposeAsync("ps", "-a", "-q", "init");
        var init = found.ExitCode == 0 ? found.Text : await containers.ContainerAsync("init");
        Assert.Equal("0", await containers.Engine.DockerAsync("inspect", "-f", "{{.State.ExitCode}}", init));
    }

    [Fact]
    public async Task Worker_in_the_image_knows_its_version_and_commit()
    {
        var version = Regex.Match(Document.Read("Directory.Build.props"), "<VersionPrefix>(.*)<").Groups[1].Value;
        var commit = (await containers.ShellAsync("git log -1 --abbrev=12 --format=%h.%cs")).Text;

        Assert.Equal($"{version}+{commit}", (await containers.WorkerAsync("--version")).Text);
    }

    [Fact, Step]
    public async Task Documented_insert_becomes_rows_of_ps_endpoints()
    {
        await containers.ShellAsync(Steps[2].Text);

        await Eventually.Equal("1", () => containers.SqlAsync(
            """
                select count(*) from ps_endpoints join ps_auths using (id) join ps_aors using (id) where id = '1001'
                """), TimeSpan.FromSeconds(10));
    }

    [Fact, Step]
    public async Task Phone_registers_with_its_password_and_no_other_and_is_online()
    {
        Assert.False(await containers.RegisterAsync("not-this-one"));
        await containers.AssertRegistersAsync();
        Assert.Contains("online", (await containers.WorkerAsync("status", "1001")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_checks_pass_as_the_workers_own_role()
    {
        var found = await containers.WorkerAsync("verify-config");

        Assert.Equal(0, found.ExitCode);
        Assert.Contains("pass asterisk.proof [pbx1]: Asterisk reads 1001 as written", found.Output, StringComparison.Ordinal);
        Assert.Contains("as role pjsip_sync", found.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 1 extension online", found.Output, StringComparison.Ordinal);
        Assert.Contains(" 0 warnings, 0 failed, 0 skipped", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public Task Metrics_count_the_extension_and_are_read_from_outside() => Eventually.Succeeds(async () =>
    {
        var metrics = (await containers.Engine.BesideAsync(["curl", "-s", "--max-time", "5", "http://localhost:9464/metrics"])).Output;
        Assert.Matches(new Regex("""^pjsip_sync_changes_total\{.*operation="create".*\} 1( |$)""", RegexOptions.Multiline), metrics);
        Assert.Matches(new Regex("""^pjsip_sync_ami_connected\{.*node="pbx1".*\} 1( |$)""", RegexOptions.Multiline), metrics);
    }, TimeSpan.FromSeconds(10));

    [Fact]
    public async Task Containers_have_no_root_user_capability_shell_or_writable_file()
    {
        var process = await containers.StateAsync("worker", "Pid");
        var status = (await containers.Engine.WithinAsync("cat", $"/proc/{process}/status")).Split('\n');
        Assert.Contains("Uid:\t1654\t1654\t1654\t1654", status);
        Assert.Contains("CapPrm:\t0000000000000000", status);
        Assert.Contains("CapBnd:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
        var render = await containers.WorkerAsync("render-config", "--output", "/tmp/files");
        Assert.NotEqual(0, render.ExitCode);
        Assert.Contains("Read-only file system", render.Errors, StringComparison.Ordinal);
        Assert.NotEqual(0, (await containers.ComposeAsync("exec", "worker", "sh", "-c", "true")).ExitCode);
        Assert.Empty(await containers.Engine.DockerAsync("diff", await containers.ContainerAsync("worker")));
        Assert.NotEqual("0", await containers.ExpectAsync("exec", "asterisk", "id", "-u"));
        Assert.NotEqual(0, (await containers.ComposeAsync("exec", "asterisk", "touch", "/usr/touched")).ExitCode);
    }

    [Fact]
    public async Task No_secret_is_in_a_log_or_an_image()
    {
        var logs = (await containers.ComposeAsync("logs")).All;
        Assert.NotEmpty(logs);
        foreach (var name in Secrets)
            Assert.DoesNotContain(await containers.SecretAsync(name), logs, StringComparison.Ordinal);
        foreach (var image in new[] { "pjsip-sync-worker", "pjsip-sync-asterisk" })
            Assert.DoesNotMatch("_(PASSWORD|SECRET)=[0-9a-f]", await containers.Engine.DockerAsync("history", "--no-trunc", image));
    }

    [Fact, Step]
    public async Task Absent_database_is_waited_for()
    {
        await containers.ExpectAsync("stop", "postgres");
        await Eventually.Succeeds(async () => Assert.NotEqual(0, (await containers.WorkerAsync("health", "--ready")).ExitCode),
            TimeSpan.FromSeconds(20));
        await containers.AssertHealthAsync(0, "worker");
        await containers.ExpectAsync("start", "postgres");
        await Eventually.Equal(0, async () => (await containers.WorkerAsync("health", "--ready")).ExitCode, TimeSpan.FromSeconds(30));

        await containers.SqlAsync("insert into extensions (number, password) values ('1002', 'sesame')");

        await containers.AssertEndpointsAsync(10, "2");
    }

    [Fact, Step]
    public async Task Killed_worker_is_restarted_and_applies_changes()
    {
        var pid = await containers.StateAsync("worker", "Pid");
        await containers.SignalAsync("KILL");
        await Eventually.Succeeds(async () => Assert.NotEqual(pid, await containers.StateAsync("worker", "Pid")), TimeSpan.FromSeconds(30));

        await containers.SqlAsync("insert into extensions (number, password) values ('1003', 'sesame')");

        await containers.AssertEndpointsAsync(20, "3");
        await containers.AssertHealthAsync(20, "worker");
    }

    [Fact]
    public async Task Stopped_worker_is_shown_as_unhealthy()
    {
        await containers.SignalAsync("STOP");
        await containers.AssertHealthAsync(30, "worker", "unhealthy");
        await containers.SignalAsync("CONT");
        await containers.AssertHealthAsync(30, "worker");
    }

    [Fact]
    public async Task Wrong_password_is_named_with_exit_code_2()
    {
        var found = await containers.ComposeAsync("run", "--rm", "-T", "-e", "PGPASSWORD=wrong", "worker");

        Assert.Equal(2, found.ExitCode);
        Assert.Contains("Database: the password for this database role is wrong", found.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_string_is_read_from_a_file_of_run_secrets()
    {
        var secret = await containers.WriteAsync("secret",
            $"Host=postgres;Database=pbx;Username=pjsip_sync;Password={await containers.SecretAsync("WORKER_PASSWORD")}\n");

        await containers.ExpectAsync("run", "--rm", "-T", "-e", "PGPASSWORD=wrong", "-e", "CREDENTIALS_DIRECTORY=/run/secrets",
            "-v", $"{secret}:/run/secrets/ConnectionStrings__Postgres:ro", "worker", "sync-extensions", "--dry-run");
    }

    [Fact]
    public async Task Worker_stops_within_five_seconds_with_exit_code_0()
    {
        var started = Stopwatch.GetTimestamp();
        await containers.ExpectAsync("stop", "-t", "10", "worker");

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
        Assert.Equal("0", await containers.StateAsync("worker", "ExitCode"));
    }

    [Fact]
    public async Task Containers_taken_down_and_up_again_work_as_before()
    {
        await containers.ExpectAsync("down");
        await containers.ShellAsync(Steps[1].Text);

        await containers.AssertHealthAsync(60, "worker");
        Assert.Equal("3", await containers.SqlAsync("select count(*) from ps_endpoints"));
        await containers.AssertHealthAsync(60, "asterisk");
        await containers.AssertRegistersAsync();
    }
}
