using System.Text.Json;
using System.Text.RegularExpressions;
using PjsipSyncWorker.Diagnostics;
using FakeAmi = PjsipSyncWorker.TestSupport.Fakes.FakeAmi;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>What the daemon writes.</summary>
public sealed class LogTests(PostgresServer server)
{
    private const string Password = "sesame-open";

    [Fact]
    public async Task Batch_logs_one_line_numbers_at_debug_and_no_password()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Logging__LogLevel__PjsipSyncWorker=Debug");

        await database.ExecuteAsync(
            $"insert into extensions (number, password) select g::text, '{Password}' from generate_series(1001, 1003) g");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Applied 3 changes", StringComparison.Ordinal)));
        await database.ExecuteAsync($"insert into extensions (number, password) values ('10 04', '{Password}')");
        await SaidAsync(worker, "Rejected 10 04: number holds");

        Assert.Matches(
            @"Sync\[1008\] Applied 3 changes in \d+ ms: 3 created, 0 updated, 0 unchanged, 0 removed, 0 released, 0 rejected", worker.Log);
        Assert.Contains("Create 1002", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_json_is_asked_for_every_line_is_json_with_its_event_id()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var worker = await WorkerProcess.StartAsync(database, "Logging__Format=json");

        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Applied 1 change ", StringComparison.Ordinal)));

        var lines = worker.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Contains(lines, line => line.GetProperty("EventId").GetInt32() == 1008);
        Assert.DoesNotContain(lines, line => line.GetRawText().Contains("Create", StringComparison.Ordinal) && line.GetProperty("LogLevel")
            .GetString() == "Debug");
    }

    [Fact]
    public async Task First_line_says_with_what_it_works_and_the_last_one_why_it_ends_and_what_waits()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var (port, ami) = (Ports.Next(), Ports.Next());
        await using var worker = await WorkerProcess.StartAsync(database, $"Metrics__Port={port}", "Asterisk__Nodes__0__Name=pbx1",
            $"Asterisk__Nodes__0__Port={ami}", $"Asterisk__Nodes__0__Secret={Password}");
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString);

        Assert.Equal(0, await worker.StopAsync());

        var lines = worker.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains($"Hosting[4000] Started version {BuildInfo.Version}; configuration: ", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(
            $"; database: {connection.Database} at {connection.Host}:{connection.Port} as {connection.Username}; "
            + $"Asterisk: pbx1 (127.0.0.1:{ami}); metrics: http://localhost:{port}/", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"Hosting\[4001\] Stopped after \d\S* m?s by SIGTERM: no change waits$", lines[^1]);
        Assert.DoesNotContain(Password, worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_that_is_rejected_is_named_with_the_reason_and_again_when_it_works()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("insert into extensions (number, password) values ('10 07', 'x')");
        await using var worker = await WorkerProcess.StartAsync(database);
        await SaidAsync(worker, "Rejected 10 07: number holds");

        await database.ExecuteAsync("insert into extensions (number, password, profile) values ('1008', 'x', 'no-such-profile')");
        await SaidAsync(worker, "warn: Sync[1010] Rejected 1008: profile is not one of deskphone, webrtc");
        await database.ExecuteAsync("update extensions set profile = 'deskphone' where number = '1008'");
        await SaidAsync(worker, "info: Sync[1013] No longer rejected: 1008");
        await database.ExecuteAsync("update extensions set number = '1007' where number = '10 07'");

        await SaidAsync(worker, "No longer rejected: 1007");
    }

    [Fact]
    public async Task Phones_that_come_and_go_have_a_line_and_at_debug_level_their_node_address_and_agent()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x'), ('1002', 'x')");
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. FakePbx.Node(ami), "Logging__LogLevel__Registrations=Debug", "Asterisk__SnapshotInterval=00:00:01"]);
        await Expect.RefreshedAsync(database);

        await ami.SayAsync(() => pbx.Say("1001", comes: true) + pbx.Say("1002", comes: true));
        await SaidAsync(worker, new Regex(@"info: Registrations\[2103\] \d phones? online \((1001, )?1002\)"));
        await ami.SayAsync(() => pbx.Say("1002", comes: false));

        await SaidAsync(worker, "info: Registrations[2104] 1 phone offline (1002)");
        await SaidAsync(
            worker, "dbug: Registrations[2016] 1001 is registered at pbx1 (NonQualified), address 198.51.100.7, agent Phone 1.0");
        await SaidAsync(worker, "dbug: Registrations[2017] 1002 is no longer registered at pbx1, contact sip:1002@198.51.100.7:5060");
        Assert.DoesNotContain("PjsipSyncWorker.", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_credential_counts_as_none()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var folder = Directory.CreateTempSubdirectory("pjsip-sync-credentials-");
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "ConnectionStrings__Postgres"), "\n", TestContext.Current.CancellationToken);

        await using var worker = await WorkerProcess.StartAsync(database, $"CREDENTIALS_DIRECTORY={folder.FullName}");

        Assert.Contains("Sync is ready", worker.Log, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_database_that_is_back_has_a_line()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var (port, pbx) = (Ports.Next(), new FakePbx { AnswersSnapshots = true });
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        await using var proxied = database.At(port);
        var proxy = new TcpProxy(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString).Port, port);
        await using var worker = await WorkerProcess.StartAsync(proxied, FakePbx.Node(ami));
        await SaidAsync(worker, "Following Asterisk pbx1");

        proxy.Dispose();
        await SaidAsync(worker, "Status could not be written");
        using var restored = new TcpProxy(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString).Port, port);

        await SaidAsync(worker, new Regex(@"Monitoring\[4101\] Back after \d\S* s: the database"));
    }

    private static Task SaidAsync(WorkerProcess worker, string text) => SaidAsync(worker, new Regex(Regex.Escape(text)));

    private static Task SaidAsync(WorkerProcess worker, Regex text) =>
        Eventually.Equal(true, () => Task.FromResult(text.IsMatch(worker.Log)), log: () => worker.Log);
}
