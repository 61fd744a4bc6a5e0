using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>A cluster of its own, a worker behind a bad line, and a random application: everything that faults are done to.</summary>
internal sealed class FaultRig : IAsyncDisposable
{
    private readonly List<WorkerProcess> _standbys = [];
    private string[] _settings;

    private FaultRig(PrivateCluster cluster, TestDatabase database, TcpProxy line, string[] settings)
    {
        (Cluster, Database, Line, _settings) = (cluster, database, line, settings);
        Proxied = new TestDatabase(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = line.Port }.ConnectionString);
    }

    public PrivateCluster Cluster { get; }

    /// <summary>As the application reaches it.</summary>
    public TestDatabase Database { get; }

    /// <summary>As the worker does.</summary>
    public TestDatabase Proxied { get; }

    public TcpProxy Line { get; }

    /// <summary>The worker's line to its Asterisk, where there is one.</summary>
    public TcpProxy? AmiLine { get; private set; }

    public AsteriskServer? Asterisk { get; private set; }

    public WorkerProcess Worker { get; private set; } = null!;

    public static async Task<FaultRig> CreateAsync(params string[] settings)
    {
        var cluster = await PrivateCluster.CreateAsync("-c wal_level=logical -c deadlock_timeout=300ms");
        var database = await cluster.CreateDatabaseAsync("pbx");
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await Invariants.AddTrunkAsync(database);
        var rig = new FaultRig(cluster, database, new TcpProxy(cluster.Port), ["Sync__PollInterval=00:00:05", .. settings]);
        await rig.StartWorkerAsync();
        return rig;
    }

    /// <summary>The same with a real Asterisk, and ten phones' extensions.</summary>
    public static async Task<FaultRig> WithAsteriskAsync()
    {
        var rig = await CreateAsync();
        rig.Asterisk = await AsteriskServer.StartAsync(rig.Database.ConnectionString);
        rig.AmiLine = new TcpProxy(rig.Asterisk.AmiPort);
        rig._settings = [.. rig._settings, .. rig.Asterisk.WorkerSettings().Select(setting => setting.Replace($"Port={rig.Asterisk.AmiPort}", $"Port={rig.AmiLine.Port}", StringComparison.Ordinal)), "Asterisk__SnapshotInterval=00:00:10"];
        await rig.KillWorkerAsync();
        await rig.StartWorkerAsync();
        await rig.Database.ExecuteAsync("""insert into extensions (number, password, settings) select g::text, 'x', '{"aor":{"qualify_frequency":0,"minimum_expiration":1}}' from generate_series(1001, 1005) g""");
        await Expect.RefreshedAsync(rig.Database);
        return rig;
    }

    public async Task StartWorkerAsync() => Worker = await WorkerProcess.StartAsync(Proxied, _settings);

    /// <summary>Another worker, on a line of its own.</summary>
    public async Task AddStandbyAsync() => _standbys.Add(await WorkerProcess.StartAsync(Database, _settings));

    public async Task KillWorkerAsync()
    {
        await Worker.KillAsync();
        await Worker.DisposeAsync();
    }

    /// <summary>The server as a DBA has it.</summary>
    public async Task<NpgsqlConnection> AdministrateAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Cluster.ConnectionString) { Pooling = false }.ConnectionString);
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
        if (Asterisk is not null)
            await Asterisk.DisposeAsync();
        await Proxied.DisposeAsync();
        await Database.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
