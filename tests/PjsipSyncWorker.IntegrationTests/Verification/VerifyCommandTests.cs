using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>The output and exit codes of <c>verify-config</c>, its reference, and servers that do not answer.</summary>
public sealed class VerifyCommandTests(PostgresServer server, InstalledTemplate template) : IClassFixture<InstalledTemplate>
{
    [Fact]
    public async Task Absent_server_gives_exit_code_3_and_skips_all_other_checks()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var away = database.At(1);

        var (exit, output) = await WorkerProcess.CommandAsync(away, [], "verify-config", "--json");

        using var json = JsonDocument.Parse(output);
        Assert.Equal((3, "fail"), (exit, json.RootElement.GetProperty("outcome").GetString()));
        var checks = json.RootElement.GetProperty("checks").EnumerateArray().ToList();
        Assert.Contains("Connection refused", checks[0].GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:Postgres", checks[0].GetProperty("advice").GetString(), StringComparison.Ordinal);
        Assert.All(checks[1..], check => Assert.Equal("skip", check.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Unusable_configuration_is_reported_as_JSON()
    {
        await using var database = await server.CreateDatabaseAsync();

        var (exit, output) = await WorkerProcess.CommandAsync(database, ["Sync__BatchSise=5"], "verify-config", "--json");

        using var json = JsonDocument.Parse(output);
        var check = json.RootElement.GetProperty("checks").EnumerateArray().Single();
        Assert.Equal((2, "fail", "configuration"),
            (exit, json.RootElement.GetProperty("outcome").GetString(), check.GetProperty("name").GetString()));
        Assert.StartsWith("Sync:BatchSise is not known here", check.GetProperty("found").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_check_is_in_the_reference()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;
        var reference = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "reference", "checks.md"),
            TestContext.Current.CancellationToken);

        var checks = await VerificationAssert.VerifyAsync(SyncRig.Read(database, "Asterisk:Nodes:0:Port=1", "Asterisk:Nodes:0:Secret=x"));

        Assert.InRange(checks.Count, 20, 40);
        foreach (var parts in checks.Select(check => check.Name.Split('.')))
            Assert.Matches($@"(?m)^\| `{parts[0]}\.\*`.*`{parts[1]}`", reference);
    }

    [Fact]
    public async Task Silent_servers_do_not_delay_the_verification()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var database = new TestDatabase($"Host=127.0.0.1;Port={port};Database=x;Username=x");
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var checks = await VerificationAssert.VerifyAsync(SyncRig.Read(database, $"Asterisk:Nodes:0:Port={port}",
            "Asterisk:Nodes:0:Secret=x"));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        VerificationAssert.Expect(checks, "database.reachable", Outcome.Fail, "", "Start PostgreSQL");
        VerificationAssert.Expect(checks, "asterisk.login", Outcome.Fail, "did not greet as AMI within 5 s", "manager.conf");
        VerificationAssert.Expect(checks, "asterisk.proof", Outcome.Skip, "since");
    }

    [Fact]
    public async Task Output_without_a_terminal_is_plain_lines_and_warnings_exit_0()
    {
        var (database, settings) = await CreateAsync();
        await using var owned = database;

        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "verify-config");

        Assert.True(exit == 0, output);
        Assert.StartsWith("pass database.reachable: database t_", output, StringComparison.Ordinal);
        Assert.Contains("warn sync.worker: no worker is connected", output, StringComparison.Ordinal);
        Assert.Contains("     do: Start it: systemctl start", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', output);
        Assert.Contains("1 warning, 0 failed, 0 skipped", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_come_last_and_those_skipped_are_one_line()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;

        var (exit, output) = await WorkerProcess.CommandAsync(
            database, ["Asterisk__Nodes__0__Port=1", "Asterisk__Nodes__0__Secret=x"], "verify-config");

        Assert.Equal(1, exit);
        var outcomes = output.Split('\n').Select(line => line.Split(' ')[0]).Where(word => word.Length > 0).ToList();
        Assert.Equal(["pass", "skip", "warn", "fail", outcomes[^1]], outcomes.Distinct());
        Assert.Matches(@"(?m)^skip \d\d checks were skipped, because asterisk.tcp \[node1\] failed$", output);
        Assert.Matches(@"^fail asterisk.tcp \[node1\]: .*\n     do: .*\n\d\d checks passed, \d warnings?, 1 failed, \d\d skipped\n$",
            output[output.IndexOf("fail ", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task Output_on_a_terminal_has_symbols_and_colours()
    {
        var (database, _) = await CreateAsync();
        await using var owned = database;

        var output = await WorkerProcess.OnTerminalAsync(database, "verify-config");

        Assert.Contains("\x1b[", output, StringComparison.Ordinal);
        Assert.Contains("✔ database.reachable", output, StringComparison.Ordinal);
        Assert.Contains("! sync.worker", output, StringComparison.Ordinal);
    }

    private async Task<(TestDatabase Database, WorkerSettings Settings)> CreateAsync()
    {
        var database = await server.CreateDatabaseAsync(template.Name);
        return (database, SyncRig.Read(database));
    }
}
