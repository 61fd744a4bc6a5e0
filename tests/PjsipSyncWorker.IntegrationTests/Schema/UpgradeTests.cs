using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>
/// <c>init</c> on the schema of commit 9c93dc1 (version 5), while the application writes and a worker of that version runs.
/// <c>PJSIP_SYNC_TEST_OLD_WORKER</c> names a real one; without it the test sends that worker's statements.
/// </summary>
public sealed class UpgradeTests
{
    private const int Phones = 400;
    private const int Registered = 100;

    private const string Rows = """
        select 'endpoint', id, xmin::text from ps_endpoints where id < '2000' union all select 'auth', id, xmin::text from ps_auths where id < '2000'
        union all select 'aor', id, xmin::text from ps_aors where id < '2000' order by 1, 2
        """;

    private const string Registrations = """
        select node, endpoint, uri, status, host(address), user_agent, expires_at::text, registered_at::text from pjsip_sync.contact
        union all select node, endpoint, state, '', '', '', '', '' from pjsip_sync.device order by 1, 2, 3
        """;

    private const string Statuses = """
        select number, status, device_state, host(last_registered_ip), last_registered_at::text from extensions where number < '2000' order by 1
        """;

    [Fact]
    public async Task An_upgrade_under_load_loses_nothing_and_repeats_nothing()
    {
        await using var cluster = await PrivateCluster.CreateAsync("-c deadlock_timeout=100ms");
        await using var database = await cluster.CreateDatabaseAsync("upgrade");
        await InstallOldAsync(database);
        var (rows, registrations, statuses) = (await database.RowsAsync(Rows), await database.RowsAsync(Registrations), await database.RowsAsync(Statuses));
        Assert.Equal(3 * Phones, rows.Count);
        Assert.Equal(Registered, statuses.Count(status => status.Contains("|online|", StringComparison.Ordinal)));
        await using var announced = await StatusListener.OpenAsync(database);

        await using var oldWorker = await OldWorker.StartAsync(database.As("pjsip_sync"));
        await using var load = new Load(database);
        await load.WorkAsync(200);
        var watch = Stopwatch.StartNew();
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], "init", "--roles");
        var upgrade = watch.Elapsed;
        Assert.True(exit == 0, output);
        await load.WorkAsync(200);
        // A server that does not answer, so that the worker writes statuses.
        await using var worker = WorkerProcess.Launch(database.As("pjsip_sync"), "Sync__PollInterval=00:00:05",
            "Asterisk__Nodes__0__Name=absent", "Asterisk__Nodes__0__Host=127.0.0.1", $"Asterisk__Nodes__0__Port={Ports.Next()}",
            "Asterisk__Nodes__0__Username=worker", "Asterisk__Nodes__0__Secret=secret");
        await Eventually.Equal(true, () => Task.FromResult(worker.Log.Contains("Sync is ready", StringComparison.Ordinal)), TimeSpan.FromSeconds(90), () => worker.Log);
        await load.WorkAsync(400);
        await load.StopAsync();

        await Invariants.HoldAsync(database, TimeSpan.FromSeconds(90));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"init {upgrade.TotalSeconds:0.0} s, {load.Statements} statements, the longest {load.Longest.TotalMilliseconds:0} ms, old worker: {oldWorker.Statements} statements, last error {oldWorker.LastError}");
        Assert.Empty(load.Errors);
        Assert.InRange(load.Longest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(rows, await database.RowsAsync(Rows));
        Assert.Equal(registrations, await database.RowsAsync(Registrations));
        Assert.Equal(statuses, await database.RowsAsync(Statuses));
        Assert.DoesNotContain(announced.Payloads, payload => payload.Contains("\"number\" : \"1", StringComparison.Ordinal));
        Assert.Equal($"{Installation.SchemaVersion}|0", Assert.Single(await database.RowsAsync(
            "select schema_version, (select count(*) from pg_class where relnamespace = 'pjsip_sync'::regnamespace and relname in ('endpoint', 'shape', 'overwritten')) from pjsip_sync.mapping")));
        Assert.DoesNotContain("42P01", worker.Log, StringComparison.Ordinal);
    }

    /// <summary>
    /// The old schema with extensions, what a worker has written for them, and registrations. The rows that Asterisk reads are written by
    /// this build: the schema was changed since and not what is written.
    /// </summary>
    private static async Task InstallOldAsync(TestDatabase database)
    {
        var settings = SyncRig.Read(database);
        await SyncRig.InstallAsync(database, settings, createExtensions: true);
        await using (var rig = await SyncRig.OpenAsync(new TestDatabase(database.ConnectionString), settings))
            await rig.ChangeAsync("insert into extensions (number, password, display_name) select g::text, 'p' || g, 'Name ' || g from generate_series(1001, $1::int + 1000) g", Phones);
        await Invariants.AddTrunkAsync(database);
        await database.ExecuteAsync("""
            create schema saved;
            create table saved.managed_endpoint as table pjsip_sync.managed_endpoint;
            create table saved.column_set as table pjsip_sync.column_set;
            drop schema pjsip_sync cascade; drop view if exists ps_endpoints_for_server
            """);
        await database.ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tests/PjsipSyncWorker.IntegrationTests/Schema/schema-9c93dc1.sql")));
        await database.ExecuteAsync("""
            insert into pjsip_sync.shape (id, columns) overriding system value select id, columns from saved.column_set;
            insert into pjsip_sync.endpoint (id, row_key, adopted, shape, revision, aor_revision, synced_at)
            select id, row_key, adopted, column_set, nextval('pjsip_sync.revision'), revision, synced_at from saved.managed_endpoint;
            drop schema saved cascade;
            delete from pjsip_sync.change;
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now() + interval '1 day')
            """);
        await database.ExecuteAsync("""
            insert into pjsip_sync.contact (node, endpoint, uri, status, address, user_agent, expires_at, registered_at)
            select 'pbx1', number, 'sip:' || number || '@192.0.2.1', 'Reachable', '192.0.2.1', 'phone', now() + interval '1 hour', now() from extensions order by number limit $1
            """, Registered);
        await database.ExecuteAsync("insert into pjsip_sync.device (node, endpoint, state) select 'pbx1', endpoint, 'NOT_INUSE' from pjsip_sync.contact; select pjsip_sync.project()");
    }

    /// <summary>The application: sessions that insert, change and delete their own extensions, in transactions of several statements.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task[] _sessions;
        private long _longest;
        private int _statements;

        public Load(TestDatabase database) => _sessions = [.. Enumerable.Range(2, 4).Select(session => Task.Run(() => RunAsync(database, session)))];

        public ConcurrentQueue<string> Errors { get; } = [];

        public TimeSpan Longest => TimeSpan.FromTicks(Interlocked.Read(ref _longest));

        public int Statements => Volatile.Read(ref _statements);

        public Task WorkAsync(int statements)
        {
            var goal = Statements + statements;
            return Eventually.True(() => Task.FromResult(Statements >= goal), TimeSpan.FromSeconds(120));
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_sessions);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task RunAsync(TestDatabase database, int session)
        {
            var random = new Random(session);
            await using var connection = await database.OpenAsync();
            while (!_stop.IsCancellationRequested)
            {
                // Numbers of one session only, so that nothing but the upgrade can make it wait or fail.
                string Number() => $"{session}{random.Next(200):000}";
                await TimedAsync(connection, "begin");
                for (var n = random.Next(1, 5); n > 0; n--)
                {
                    await TimedAsync(connection, random.Next(8) switch
                    {
                        0 or 1 => $"insert into extensions (number, password) values ('{Number()}', 'x') on conflict do nothing",
                        2 => $"update extensions set display_name = 'Name {random.Next(100)}' where number = '{Number()}'",
                        3 => $"update extensions set number = '{session}9{random.Next(100):00}' where number = '{Number()}' and not exists (select from extensions where number like '{session}9%')",
                        4 => $"update extensions set status = 'online' where number = '{Number()}'",
                        5 => $"update extensions set password = 'y' where number between '{session}000' and '{session}050'",
                        6 => "select count(*) from extensions where number < '2000'",
                        _ => $"delete from extensions where number = '{Number()}'",
                    });
                }
                await TimedAsync(connection, random.Next(10) == 0 ? "rollback" : "commit");
            }
        }

        private async Task TimedAsync(NpgsqlConnection connection, string sql)
        {
            var watch = Stopwatch.StartNew();
            try
            {
                await using var command = new NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync();
            }
            catch (PostgresException error)
            {
                Errors.Enqueue($"{error.SqlState} {error.MessageText}: {sql}");
            }
            Interlocked.Increment(ref _statements);
            var ticks = watch.Elapsed.Ticks;
            for (var longest = Interlocked.Read(ref _longest); ticks > longest; longest = Interlocked.Read(ref _longest))
                Interlocked.CompareExchange(ref _longest, ticks, longest);
        }
    }

    /// <summary>A worker of the old version, which goes on while the schema under it is another.</summary>
    private sealed class OldWorker : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private Process? _process;
        private Task _statements = Task.CompletedTask;
        private int _count;

        public int Statements => Volatile.Read(ref _count);

        public string LastError { get; private set; } = "none";

        public static async Task<OldWorker> StartAsync(TestDatabase database)
        {
            var worker = new OldWorker();
            if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_OLD_WORKER") is { Length: > 0 } program)
            {
                worker._process = Process.Start(Repository.Info(program, ["run"], new Dictionary<string, string>
                {
                    ["ConnectionStrings__Postgres"] = database.ConnectionString, ["Metrics__Port"] = $"{Ports.Next()}",
                }))!;
                _ = worker._process.StandardOutput.ReadToEndAsync();
                var log = worker._process.StandardError;
                _ = Task.Run(async () =>
                {
                    while (await log.ReadLineAsync() is { } line)
                        worker.LastError = line;
                });
                await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.change where id is null"));
            }
            else
                worker._statements = Task.Run(() => worker.SendAsync(database));
            return worker;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _statements;
            _process?.Kill();
            _process?.Dispose();
            _stop.Dispose();
        }

        /// <summary>Takes changes and writes an endpoint in one transaction, and writes a status in another, as that worker does; then rolls back.</summary>
        private async Task SendAsync(TestDatabase database)
        {
            string[][] transactions =
            [
                ["begin; set local lock_timeout = '1s'", "select pg_advisory_xact_lock(pjsip_sync.lock_class(), 1)", "delete from pjsip_sync.change", "select count(*) from pjsip_sync.source_of(array['1001'])",
                 "update pjsip_sync.endpoint set synced_at = synced_at where id = '1001'", "rollback"],
                ["begin; set local lock_timeout = '1s'", "select pg_advisory_xact_lock(pjsip_sync.lock_class(), 2)", "select pjsip_sync.project(array['1001', '1002'])", "commit"],
                ["begin; set local lock_timeout = '1s'", "update pjsip_sync.contact set user_agent = user_agent where endpoint = '1001'", "update pjsip_sync.node set connected = connected", "rollback"],
            ];
            while (!_stop.IsCancellationRequested)
            {
                foreach (var transaction in transactions)
                {
                    try
                    {
                        await using var connection = await database.OpenAsync();
                        foreach (var sql in transaction)
                        {
                            await using var command = new NpgsqlCommand(sql, connection);
                            await command.ExecuteNonQueryAsync();
                            Interlocked.Increment(ref _count);
                        }
                    }
                    catch (PostgresException error)
                    {
                        LastError = $"{error.SqlState} {error.MessageText}";
                    }
                }
                await Task.Delay(1);
            }
        }
    }

    /// <summary>Collects what an application hears on the channel extension_status.</summary>
    private sealed class StatusListener : IAsyncDisposable
    {
        private readonly NpgsqlConnection _connection;
        private readonly CancellationTokenSource _stop = new();
        private Task _listening = Task.CompletedTask;

        private StatusListener(NpgsqlConnection connection) => _connection = connection;

        public ConcurrentQueue<string> Payloads { get; } = [];

        public static async Task<StatusListener> OpenAsync(TestDatabase database)
        {
            var listener = new StatusListener(await database.OpenAsync());
            listener._connection.Notification += (_, heard) => listener.Payloads.Enqueue(heard.Payload);
            await using var command = new NpgsqlCommand("listen extension_status", listener._connection);
            await command.ExecuteNonQueryAsync();
            listener._listening = listener.ListenAsync();
            return listener;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _listening;
            await _connection.DisposeAsync();
            _stop.Dispose();
        }

        private async Task ListenAsync()
        {
            try
            {
                while (true)
                    await _connection.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
