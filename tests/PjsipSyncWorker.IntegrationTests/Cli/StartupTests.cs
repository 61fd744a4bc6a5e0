using System.Net;
using System.Net.Sockets;
using Npgsql;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>
/// What <c>run</c> says when it cannot: one line that an operator can act on, and an end only where waiting is of no use.
/// </summary>
public sealed class StartupTests(PostgresServer server, InstalledTemplate template) : IClassFixture<InstalledTemplate>
{
    [Theory]
    [InlineData("update pjsip_sync.mapping set schema_version = 1", "older than", "run pjsip-sync-worker init")]
    [InlineData(
        "update pjsip_sync.mapping set schema_version = 5; alter table pjsip_sync.mapping drop column status_table cascade", "older than",
        "run pjsip-sync-worker init")]
    [InlineData("update pjsip_sync.mapping set schema_version = 99", "newer than", "upgrade the worker")]
    [InlineData("drop schema pjsip_sync cascade", "is not installed in this database", "run pjsip-sync-worker init")]
    [InlineData("drop table ps_auths", "Missing: asterisk.ps_auths", "contrib/ast-db-manage")]
    public async Task Error_that_waiting_cannot_repair_ends_the_daemon(string cause, string found, string advice)
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);
        await database.ExecuteAsync(cause);

        await ExpectAsync(database, found, advice);
    }

    [Fact]
    public async Task Worker_that_starts_while_the_table_is_made_anew_waits_for_it()
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);
        await database.ExecuteAsync("drop table extensions");

        await using var worker = WorkerProcess.Launch(database, "Sync__PollInterval=00:00:01");
        await Eventually.True(() => worker.Log.Contains("does not exist: create it", StringComparison.Ordinal), "the missing table");
        await database.ExecuteAsync("""
            create table extensions (number text primary key, password text, enabled boolean default true, status text);
            insert into extensions (number, password) values ('1004', 'four')
            """);

        await worker.ReadyAsync();
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints where id = '1004'"));
    }

    [Fact]
    public async Task Init_upgrades_an_older_schema_and_leaves_a_newer_one_alone()
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);

        await database.ExecuteAsync("update pjsip_sync.mapping set fingerprint = 'the running worker'");
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [], "init")).ExitCode);
        Assert.Equal("the running worker", await database.ScalarAsync<string>("select fingerprint from pjsip_sync.mapping"));

        await database.ExecuteAsync("update pjsip_sync.mapping set schema_version = 1");
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [], "init")).ExitCode);
        // which makes it stand by
        Assert.Equal([$"{Installation.SchemaVersion}|schema {Installation.SchemaVersion}"],
            await database.RowsAsync("select schema_version, fingerprint from pjsip_sync.mapping"));

        await database.ExecuteAsync("update pjsip_sync.mapping set schema_version = 99");
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "init");
        Assert.Equal(2, exit);
        Assert.StartsWith(
            $"the schema pjsip_sync has version 99, newer than the {Installation.SchemaVersion} of this worker: upgrade the "
            + "worker", output, StringComparison.Ordinal);
        Assert.Equal(99, await database.ScalarAsync<int>("select schema_version from pjsip_sync.mapping"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("schema 99")]
    public async Task Running_worker_stands_by_after_a_newer_schema_is_installed(string fingerprint)
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);
        var metrics = $"Metrics__Port={Ports.Next()}";
        await using var worker = await WorkerProcess.StartAsync(database, metrics, "Sync__PollInterval=00:00:01");

        await database.ExecuteAsync("update pjsip_sync.mapping set schema_version = 99, fingerprint = $1", fingerprint);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1003', 'three')");

        await Eventually.True(() => Task.FromResult(worker.Log.Contains(
            $"Standing by: the schema pjsip_sync has version 99 and this worker works with {Installation.SchemaVersion}",
            StringComparison.Ordinal)));
        var (ready, why) = await WorkerProcess.CommandAsync(database, [metrics], "health", "--ready");
        Assert.Equal(1, ready);
        Assert.Contains("sync: the schema pjsip_sync has version 99", why, StringComparison.Ordinal);
        Assert.Equal(
            ["2|1"], await database.RowsAsync("select (select count(*) from ps_endpoints), (select count(*) from pjsip_sync.change)"));

        await database.ExecuteAsync($"update pjsip_sync.mapping set schema_version = {Installation.SchemaVersion}, fingerprint = ''");
        await Eventually.Equal(3L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Theory]
    [InlineData("", "permission denied for schema pjsip_sync", "init --roles")]
    [InlineData(
        "grant usage on schema pjsip_sync, public, asterisk to {0}; grant select on all tables in schema pjsip_sync to {0}; "
        + "grant execute on all functions in schema pjsip_sync to {0}",
        "this database role lacks", "select, insert, update, delete on asterisk.ps_auths; ")]
    public async Task A_privilege_that_is_missing_ends_the_daemon(string grants, string found, string advice)
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync(
            $"create role {role} login password 'x';" + string.Format(System.Globalization.CultureInfo.InvariantCulture, grants, role));
        await using var poor = database.As(role, "x");

        await ExpectAsync(poor, found, advice);
    }

    [Theory]
    [InlineData("Sync__BatchSise=5", "Configuration: Sync:BatchSise is not known here", "BatchSize")]
    [InlineData("Sync__PollInterval=30", "Configuration: Sync:PollInterval must be a time", "hours:minutes:seconds")]
    [InlineData("Asterisk__Nodes__0__Secret=", "Configuration: Asterisk:Nodes:0:Secret is missing", "manager.conf")]
    [InlineData("ConnectionStrings__Postgres=Host=x;Passwort=wrong-one",
        "Configuration: ConnectionStrings:Postgres is not a connection string", "such as Host=")]
    public async Task A_configuration_that_cannot_be_used_ends_the_daemon(string setting, string found, string advice)
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);

        await ExpectAsync(database, found, advice, setting);
    }

    [Fact]
    public async Task A_role_that_may_not_install_is_told_who_may()
    {
        await using var database = await server.CreateDatabaseAsync();
        var role = $"r_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create role {role} login password 'x'");
        await using var poor = database.As(role, "x");

        var (exit, output) = await WorkerProcess.CommandAsync(poor, [], "init", "--create-extensions");

        Assert.Equal(2, exit);
        Assert.Contains("permission denied for database", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        Assert.Contains("Run init as a superuser", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_password_ends_the_daemon_and_is_not_shown()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        await database.ExecuteAsync("create role locked login password 'right-one'");
        await database.ExecuteAsync("""
            do $$ begin execute format(
              $c$copy (values ('host all locked 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) to %L$c$,
              current_setting('hba_file')); end $$; select pg_reload_conf()
            """);
        await using var locked = new TestDatabase(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = "locked",
            Password = "wrong-one" }.ConnectionString);
        await using var missing = new TestDatabase(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "nosuch" }.ConnectionString);
        await Eventually.True(async () => !(await WorkerProcess.CommandAsync(locked, [], "run")).Output.Contains("not installed",
            StringComparison.Ordinal));

        await ExpectAsync(locked, "the password for this database role is wrong", "ConnectionStrings:Postgres");
        await ExpectAsync(missing, "database \"nosuch\" does not exist", "create it (createdb nosuch), or name another");
    }

    [Fact]
    public async Task A_database_that_is_not_there_yet_is_waited_for()
    {
        await using var cluster = await PrivateCluster.CreateAsync();
        await using var database = await cluster.CreateDatabaseAsync("pbx");
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        database.ForgetConnections();
        await cluster.StopAsync("fast");

        await using var worker = WorkerProcess.Launch(database);
        await Eventually.True(() => Task.FromResult(worker.Log.Contains("Connection refused", StringComparison.Ordinal)));
        await cluster.StartAsync();

        await worker.ReadyAsync();
        Assert.DoesNotContain("   at ", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asterisk_that_refuses_something_is_logged_once_and_sync_continues()
    {
        await using var database = await server.CreateDatabaseAsync(template.Name);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await asterisk.EditAsync(("manager.conf", "s/^read = .*/read = system/"));
        await asterisk.CliAsync("manager reload");
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();

        await using var worker = await WorkerProcess.StartAsync(database,
        [
            .. asterisk.WorkerSettings(),
            .. asterisk.WorkerSettings(1).Where(setting => !setting.Contains("Secret",
                StringComparison.Ordinal)), "Asterisk__Nodes__1__Secret=not-the-secret",
            "Asterisk__Nodes__2__Name=pbx3", $"Asterisk__Nodes__2__Port={port}", "Asterisk__Nodes__2__Secret=x",
        ]);

        await SaidAsync(
            "Asterisk pbx1: the AMI user pjsip-sync lacks read = call; in its section of manager.conf it needs read = system,call");
        await SaidAsync("Asterisk pbx2 refuses the login: Asterisk refused the AMI user pjsip-sync");
        await SaidAsync("Lost Asterisk pbx3: ");
        Assert.DoesNotContain("   at ", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(asterisk.AmiSecret, worker.Log, StringComparison.Ordinal);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1009', 'x')");
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from ps_endpoints where id = '1009'"));

        Task SaidAsync(string line) => Eventually.True(() => Task.FromResult(worker.Log.Contains(line, StringComparison.Ordinal)));
    }

    /// <summary>Ends with exit code 2 and one line.</summary>
    private static async Task ExpectAsync(TestDatabase database, string found, string advice, params string[] settings)
    {
        var (exit, output) = await WorkerProcess.CommandAsync(database, settings, "run");

        Assert.True(exit == 2, output);
        var line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(found, line, StringComparison.Ordinal);
        Assert.Contains(advice, line, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-one", line, StringComparison.Ordinal);
    }
}
