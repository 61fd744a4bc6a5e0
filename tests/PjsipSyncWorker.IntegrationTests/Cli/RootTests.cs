using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>Commands of root on a server that asks the system who somebody is (peer), with a system user that every Debian has.</summary>
public sealed class RootTests : IAsyncLifetime
{
    private const string User = "games";

    private PrivateCluster _cluster = null!;
    private TestDatabase _database = null!;
    private TestDatabase _socket = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await PrivateCluster.CreateAsync();
        _database = await _cluster.CreateDatabaseAsync("pbx");
        await SyncRig.InstallAsync(_database, SyncRig.Read(_database), createExtensions: true);
        await _database.ExecuteAsync($"create role {User} superuser login; create role \"no-such-user\" superuser login");
        await _database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await HbaAsync("local all all peer");
        var folder = await _database.ScalarAsync<string>("show unix_socket_directories");
        var socket = new NpgsqlConnectionStringBuilder { Host = folder, Port = _cluster.Port, Database = "pbx", Username = User };
        _socket = new TestDatabase(socket.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _database.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Root_becomes_the_user_of_the_role_with_a_configuration_that_only_root_may_read()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{ "Sync": { "BatchSize": 7 } }""", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead);

        var (exit, output) = await AsRootAsync("sync-extensions", "--config", file);

        File.Delete(file);
        Assert.True(exit == 0, output);
        Assert.Contains("created 1", output, StringComparison.Ordinal);
        Assert.Contains("1001", (await AsRootAsync("status", "--json")).Output, StringComparison.Ordinal);
        Assert.Equal("1001\toffline\n", (await AsRootAsync("complete", "--", "status", "10")).Output);
        Assert.Contains($"as role {User} on /", (await AsRootAsync("verify-config")).Output, StringComparison.Ordinal);
        Assert.Contains("Installed:", (await AsRootAsync("init")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_stays_root_where_a_map_lets_root_in_and_not_the_user()
    {
        await HbaAsync("local all all peer map=only_root");
        var ident = await _database.ScalarAsync<string>("show ident_file");
        await _database.ExecuteAsync($"copy (values ('only_root root {User}')) to '{ident}'");
        await _database.ExecuteAsync("select pg_reload_conf()");

        await Eventually.Succeeds(async () => Assert.Equal(0, (await AsRootAsync("sync-extensions")).ExitCode), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Where_no_user_has_the_roles_name_the_message_says_what_to_do()
    {
        await using var stranger = _socket.As("no-such-user");

        var (exit, output) = await AsRootAsync(stranger, "status");

        Assert.Equal((2, "Database: Peer authentication failed for user \"no-such-user\" (28000): this process is the system user root; "
            + "run it as root or as the user that has the name of the role, or put a password into ConnectionStrings:Postgres\n"),
            (exit, output));
    }

    private static string Worker => Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_WORKER") is { Length: > 0 } published
        ? published : Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker");

    private Task<(int ExitCode, string Output)> AsRootAsync(params string[] arguments) => AsRootAsync(_socket, arguments);

    private static async Task<(int ExitCode, string Output)> AsRootAsync(TestDatabase database, params string[] arguments)
    {
        var result = await Command.RunAsync(
            [.. Command.AsRoot("env", $"ConnectionStrings__Postgres={database.ConnectionString}"), Worker, .. arguments]);
        return (result.ExitCode, result.All);
    }

    private async Task HbaAsync(string line) => await _database.ExecuteAsync($"""
        do $$ begin execute format('copy (values (''{line}''), (''host all all 127.0.0.1/32 trust'')) to %L', current_setting('hba_file'));
        end $$; select pg_reload_conf()
        """);
}
