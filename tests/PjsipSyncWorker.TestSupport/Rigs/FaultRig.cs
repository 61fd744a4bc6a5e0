using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>A private cluster, a worker behind a faulty connection, and a random application: the targets of the faults.</summary>
internal sealed class FaultRig : IAsyncDisposable
{
    /// <summary>The worker's role, which has only the privileges of init --roles.</summary>
    public const string WorkerRole = "pjsip_sync";

    private readonly List<WorkerProcess> _standbys = [];
    private string[] _settings;

    private FaultRig(PrivateCluster cluster, TestDatabase database, TcpProxy line, string[] settings)
    {
        (Cluster, Database, Line, _settings) = (cluster, database, line, settings);
        Proxied = As(WorkerRole, database, line.Port);
    }

    public PrivateCluster Cluster { get; }

    /// <summary>The source of random decisions of a fault. The soak test sets it from its seed.</summary>
    public Random Random { get; set; } = new(20261124);

    /// <summary>The database as the application reaches it.</summary>
    public TestDatabase Database { get; }

    /// <summary>The database as the worker reaches it.</summary>
    public TestDatabase Proxied { get; }

    public TcpProxy Line { get; }

    /// <summary>The worker's connection to Asterisk; null without an Asterisk.</summary>
    public TcpProxy? AmiLine { get; private set; }

    /// <summary>Asterisk's connection to the database.</summary>
    public TcpProxy? OdbcLine { get; private set; }

    public AsteriskServer? Asterisk { get; private set; }

    public WorkerProcess Worker { get; private set; } = null!;

    public static async Task<FaultRig> CreateAsync(params string[] settings)
    {
        var cluster = await PrivateCluster.CreateAsync("-c wal_level=logical -c deadlock_timeout=300ms");
        var database = await cluster.CreateDatabaseAsync("pbx");
        await InstallAsync(database);
        await Invariants.AddTrunkAsync(database);
        var rig = new FaultRig(cluster, database, new TcpProxy(cluster.Port), ["Sync__PollInterval=00:00:05", .. settings]);
        await rig.StartWorkerAsync();
        return rig;
    }

    /// <summary>Creates the rig with a real Asterisk and ten extensions for phones.</summary>
    public static async Task<FaultRig> WithAsteriskAsync()
    {
        var rig = await CreateAsync();
        rig.OdbcLine = new TcpProxy(rig.Cluster.Port);
        await using var odbc = rig.Database.At(rig.OdbcLine.Port);
        rig.Asterisk = await AsteriskServer.StartAsync(odbc.ConnectionString);
        rig.AmiLine = new TcpProxy(rig.Asterisk.AmiPort);
        rig._settings = [.. rig._settings, .. rig.Asterisk.WorkerSettings()
            .Select(setting => setting.Replace($"Port={rig.Asterisk.AmiPort}", $"Port={rig.AmiLine.Port}",
            StringComparison.Ordinal)), "Asterisk__SnapshotInterval=00:00:10"];
        await rig.KillWorkerAsync();
        await rig.StartWorkerAsync();
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password, settings)
              select g::text, 'x', '{"aor":{"qualify_frequency":0,"minimum_expiration":1}}' from generate_series(1001, 1005) g
            """);
        await Expect.RefreshedAsync(rig.Database);
        return rig;
    }

    /// <summary>Installs the database as <c>init --create-extensions --roles</c> does.</summary>
    public static async Task InstallAsync(TestDatabase database)
    {
        await using var dataSource = DataSource.Create(database.ConnectionString);
        await Installer.InstallAsync(dataSource, SyncRig.Read(database), InstallOptions.CreateExtensions | InstallOptions.Roles, _ => { },
            default);
    }

    /// <summary>Returns the same database through another port or role.</summary>
    public static TestDatabase As(string role, TestDatabase database, int? port = null)
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role };
        connection.Port = port ?? connection.Port;
        return new TestDatabase(connection.ConnectionString);
    }

    public async Task StartWorkerAsync() => Worker = await WorkerProcess.StartAsync(Proxied, _settings);

    /// <summary>Runs an action during the announcements of many new extensions, and deletes these extensions at the end.</summary>
    public async Task WhileAnnouncingAsync(Func<Task> befall)
    {
        await Database.ExecuteAsync("""
            insert into extensions (number, password, settings) select g::text, 'x', '{"aor":{"qualify_frequency":0}}'
              from generate_series(80000, 80399) g
            """);
        await Eventually.True(
            () => Database.ScalarAsync<bool>("select coalesce(bool_or(announcing is not null), false) from pjsip_sync.node"));
        await befall();
        await Database.ExecuteAsync("delete from extensions where number between '80000' and '80399'");
    }

    /// <summary>Starts another worker with a connection of its own.</summary>
    public async Task AddStandbyAsync()
    {
        await using var direct = As(WorkerRole, Database);
        _standbys.Add(await WorkerProcess.StartAsync(direct, _settings));
    }

    /// <summary>Terminates every session of the worker.</summary>
    public Task TerminateAsync() =>
        AdministrateAsync($"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{WorkerRole}'");

    public async Task KillWorkerAsync()
    {
        await Worker.KillAsync();
        await Worker.DisposeAsync();
    }

    /// <summary>Runs SQL as the superuser of the server.</summary>
    public async Task<NpgsqlConnection> AdministrateAsync()
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Cluster.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task AdministrateAsync(string sql)
    {
        await using var connection = await AdministrateAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _standbys.Append(Worker))
            await worker.DisposeAsync();
        Line.Dispose();
        AmiLine?.Dispose();
        OdbcLine?.Dispose();
        if (Asterisk is not null)
            await Asterisk.DisposeAsync();
        await Proxied.DisposeAsync();
        await Database.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
