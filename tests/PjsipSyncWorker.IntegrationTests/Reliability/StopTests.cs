using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>SIGTERM: the batch in hand is finished or rolled back, within five seconds, whatever else is the matter.</summary>
public sealed class StopTests(PostgresServer server)
{
    private static readonly TimeSpan Allowed = TimeSpan.FromSeconds(5.5);

    [Fact]
    public async Task Restarts_under_load_never_write_half_and_lose_nothing()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        using var end = new CancellationTokenSource();
        var writing = Task.WhenAll(Enumerable.Range(1, 3).Select(seed => Task.Run(() => WriteAsync(database, seed, end.Token))));
        var random = new Random(20261123);
        for (var round = 0; round < 10; round++)
        {
            await using var worker = WorkerProcess.Launch(database, "Sync__BatchSize=200");
            await Eventually.True(() => Task.FromResult(worker.Log.Contains("Sync is ready", StringComparison.Ordinal)));
            await Task.Delay(random.Next(1000));

            var watch = Stopwatch.StartNew();
            Assert.Equal(0, await worker.StopAsync());
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, Allowed);
            Assert.Equal(0L, await database.ScalarAsync<long>(HalfWritten));
        }
        await end.CancelAsync();
        await writing;

        await using var last = await WorkerProcess.StartAsync(database);
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.change"));
        Assert.Equal(0L, await database.ScalarAsync<long>(HalfWritten));
        Assert.Equal(0L, await database.ScalarAsync<long>("""
            select count(*) from (select number, password from extensions where enabled) e
            full join (select id, password from ps_auths) a on a.id = e.number and a.password = e.password
            where e.number is null or a.id is null
            """));
        Assert.InRange(await database.ScalarAsync<long>("select count(*) from ps_endpoints"), 1, 1000);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Silent_server_delays_the_stop_by_five_seconds_at_most(bool databaseIsSilent, bool asteriskIsSilent)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        using var line = new TcpProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString).Port);
        await using var ami = new FakeAmi { Answer = action => FakeAmi.Success(action) };
        using var amiLine = new TcpProxy(ami.Port);
        await using var worker = await WorkingAsync(database, line, ami, amiLine);
        if (databaseIsSilent)
            line.StallCurrent();
        if (asteriskIsSilent)
            amiLine.StallCurrent();

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await worker.StopAsync());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Allowed);
    }

    [Fact]
    public async Task It_logs_off_from_asterisk()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var ami = new FakeAmi { Answer = action => FakeAmi.Success(action) };
        await using var worker = await WorkerProcess.StartAsync(database, FakePbx.Node(ami));
        await ami.ActionAsync("Filter");

        Assert.Equal(0, await worker.StopAsync());

        await ami.ActionAsync("Logoff");
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        using var line = new TcpProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString).Port);
        await using var ami = new FakeAmi { Answer = action => FakeAmi.Success(action) };
        using var amiLine = new TcpProxy(ami.Port);
        await using var worker = await WorkingAsync(database, line, ami, amiLine);
        line.StallCurrent();
        await worker.TerminateAsync();
        await Task.Delay(200);
        Assert.False(worker.HasExited);

        var watch = Stopwatch.StartNew();
        Assert.Equal(1, await worker.StopAsync());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    /// <summary>A worker that is at work with both its servers.</summary>
    private static async Task<WorkerProcess> WorkingAsync(TestDatabase database, TcpProxy line, FakeAmi ami, TcpProxy amiLine)
    {
        await using var proxied = database.At(line.Port);
        var worker = await WorkerProcess.StartAsync(proxied,
            FakePbx.Node(ami).Select(setting => setting.Replace($"Port={ami.Port}", $"Port={amiLine.Port}", StringComparison.Ordinal)));
        await ami.ActionAsync("Login");
        return worker;
    }

    /// <summary>Endpoints that do not have all of their three rows, or are not the worker's.</summary>
    private const string HalfWritten = """
        select count(*) from ps_endpoints p
        full join ps_auths using (id) full join ps_aors using (id)
        full join (select id from pjsip_sync.managed_endpoint where deleted_at is null) o using (id)
        where p.id is null or ps_auths.id is null or ps_aors.id is null or o.id is null
        """;

    /// <summary>An application that changes extensions all the time.</summary>
    private static async Task WriteAsync(TestDatabase database, int seed, CancellationToken end)
    {
        var random = new Random(seed);
        while (!end.IsCancellationRequested)
        {
            // Each writer has numbers of its own, so that they never wait for each other.
            var (first, rows) = (seed * 1000 + random.Next(300), random.Next(1, 20));
            await database.ExecuteAsync(random.Next(4) switch
            {
                0 => $"delete from extensions where number::int between {first} and {first + rows}",
                1 => $"update extensions set enabled = not enabled where number::int between {first} and {first + rows}",
                _ => $"""
                    insert into extensions (number, password) select g::text, '{random.Next()}'
                      from generate_series({first}, {first + rows}) g on conflict (number) do update
                      set password = excluded.password
                    """,
            });
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
