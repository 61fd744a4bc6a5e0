using System.Text.Json;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>The command line, as the binary.</summary>
public sealed class CommandTests(PostgresServer server)
{
    [Theory]
    [InlineData("config")]
    [InlineData("init", "--print")]
    [InlineData("verify-config")]
    [InlineData("sync-extensions", "--json")]
    public async Task Output_that_cannot_be_written_is_said_by_every_command(params string[] arguments)
    {
        await using var database = await SyncRig.InstalledAsync(server);

        var result = await WorkerProcess.InShellAsync(database, "> /dev/full", arguments);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Standard output cannot be written: No space left on device", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sync_extensions_shows_what_it_would_do_and_then_does_it()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync(
            "insert into extensions (number, password) values ('1001', 'sesame'), ('1002', 'sesame'), ('10 03', 'sesame')");

        var (dryExit, dry) = await WorkerProcess.CommandAsync(database, [], "sync-extensions", "--dry-run", "--json");
        using var preview = JsonDocument.Parse(dry);
        Assert.Equal(1, dryExit);
        Assert.Equal((2, 1), (preview.RootElement.GetProperty("created").GetInt32(), preview.RootElement.GetProperty("rejected")
            .GetInt32()));
        Assert.Equal("***", preview.RootElement.GetProperty("changes")[0].GetProperty("columns").GetProperty("ps_auths.password")
            .GetString());
        Assert.Contains("a space", preview.RootElement.GetProperty("rejections")[0].GetProperty("reason").GetString(),
            StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", dry, StringComparison.Ordinal);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from pjsip_sync.rejected"));

        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions");
        Assert.Equal(1, exit);
        Assert.Contains("created 2, updated 0, unchanged 0, removed 0, rejected 1", output, StringComparison.Ordinal);

        await database.ExecuteAsync(
            "delete from extensions where number = '10 03'; update ps_auths set password = 'edited' where id = '1001'");
        (exit, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions", "--json");
        using var result = JsonDocument.Parse(output);
        Assert.Equal(0, exit);
        Assert.Equal((1, 1, 0), (result.RootElement.GetProperty("updated").GetInt32(), result.RootElement.GetProperty("unchanged")
            .GetInt32(), result.RootElement.GetProperty("rejected").GetInt32()));
    }

    [Fact]
    public async Task A_suspicious_removal_waits_for_force_and_adoption_for_its_option()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("""
            insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g;
            insert into ps_endpoints (id) values ('1000')
            """);
        Assert.Equal(1, (await WorkerProcess.CommandAsync(database, [], "sync-extensions")).ExitCode);
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [], "sync-extensions", "--adopt")).ExitCode);
        await database.ExecuteAsync("""
            delete from pjsip_sync.change; alter table extensions disable trigger all; delete from extensions;
            alter table extensions enable always trigger pjsip_sync_insert
            """);

        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions");
        Assert.Equal(1, exit);
        Assert.Contains("100 of 100 endpoints have no active extension any more", output, StringComparison.Ordinal);
        Assert.Equal(100L, await database.ScalarAsync<long>("select count(*) from ps_endpoints"));

        (exit, output) = await WorkerProcess.CommandAsync(database, [], "sync-extensions", "--force");
        Assert.Equal(0, exit);
        Assert.Contains("removed 100", output, StringComparison.Ordinal);
        Assert.Equal(["1000"], await database.RowsAsync("select id from ps_endpoints"));
    }

    [Fact]
    public async Task Init_prints_SQL_and_requests_a_missing_index()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table lines (id int primary key, number text, password text)");

        var (exit, sql) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines"], "init", "--print");
        Assert.Equal(0, exit);
        await database.ExecuteAsync(sql);
        Assert.Equal(5L, await database.ScalarAsync<long>("select count(*) from pg_trigger where tgrelid = 'lines'::regclass"));

        var (_, asked) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines"], "init");
        Assert.Contains("create index on public.lines ((number))", asked, StringComparison.Ordinal);
        await database.ExecuteAsync("create index on lines (number)");
        var (_, quiet) = await WorkerProcess.CommandAsync(database, ["Source__Table=lines"], "init");
        Assert.DoesNotContain("create index", quiet, StringComparison.Ordinal);
    }
}
