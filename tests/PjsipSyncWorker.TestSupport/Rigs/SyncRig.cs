using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Writing;
using Sessions = PjsipSyncWorker.Postgres.DataSource;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>A database with everything installed, and a synchronizer that the test drives step by step.</summary>
internal sealed class SyncRig : IAsyncDisposable
{
    private readonly NpgsqlDataSource _dataSource;
    private readonly NpgsqlConnection _connection;
    private readonly SyncMetrics _metrics;
    private readonly RealtimeSchema _schema;
    private readonly string _fingerprint;

    private SyncRig(
        TestDatabase database, NpgsqlDataSource dataSource, NpgsqlConnection connection, Synchronizer synchronizer, SyncMetrics metrics,
        WorkerSettings settings, RealtimeSchema schema, string fingerprint)
    {
        (Database, _dataSource, _connection, Synchronizer, _metrics) = (database, dataSource, connection, synchronizer, metrics);
        (Settings, _schema, _fingerprint) = (settings, schema, fingerprint);
    }

    public TestDatabase Database { get; }

    public NpgsqlDataSource DataSource => _dataSource;

    public Synchronizer Synchronizer { get; }

    public WorkerSettings Settings { get; }

    /// <param name="prepare">Runs before the installation, to create tables of the application or of Asterisk.</param>
    /// <param name="settings">Configuration as <c>Section:Key=value</c>.</param>
    public static async Task<SyncRig> CreateAsync(PostgresServer server, Func<TestDatabase, Task>? prepare = null, params string[] settings)
    {
        var database = await server.CreateDatabaseAsync();
        if (prepare is not null)
            await prepare(database);
        var read = Read(database, settings);
        await InstallAsync(database, read, createExtensions: read.Source.Table == "public.extensions");
        return await OpenAsync(database, read);
    }

    public static async Task<SyncRig> OpenAsync(TestDatabase database, WorkerSettings settings)
    {
        var dataSource = Sessions.Create(settings.ConnectionString);
        var connection = await dataSource.OpenConnectionAsync();
        var metrics = new SyncMetrics();
        settings = await Installation.ActivateAsync(connection, settings, default);
        var fingerprint = Installation.Fingerprint(settings);
        var schema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, default);
        var synchronizer = await Synchronizer.CreateAsync(
            connection, schema, new Mapper(schema, settings.Realtime), settings.Sync, fingerprint, metrics, default);
        return new SyncRig(database, dataSource, connection, synchronizer, metrics, settings, schema, fingerprint);
    }

    public static WorkerSettings Read(TestDatabase database, params string[] settings) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Append($"ConnectionStrings:Postgres={database.ConnectionString}")
                .Select(setting => new KeyValuePair<string,
                    string?>(setting[..setting.IndexOf('=', StringComparison.Ordinal)],
                    setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..])))
            .Build());

    /// <summary>Returns a new database with everything installed, for a worker process.</summary>
    public static async Task<TestDatabase> InstalledAsync(PostgresServer server)
    {
        var database = await server.CreateDatabaseAsync();
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        return database;
    }

    public static async Task InstallAsync(TestDatabase database, WorkerSettings settings, bool createExtensions)
    {
        await using var dataSource = Sessions.Create(database.ConnectionString);
        await Installer.InstallAsync(dataSource, settings, createExtensions ? InstallOptions.CreateExtensions : InstallOptions.None,
            _ => { }, default);
    }

    /// <summary>Applies all recorded changes.</summary>
    public Task ApplyAllAsync() => Synchronizer.ApplyAllAsync(_connection, default);

    public Task<ReconcileResult> ReconcileAsync(bool force = false) =>
        Synchronizer.ReconcileAsync(_connection, force ? ReconcileOptions.Force : default, afterBatch: null, default);

    /// <summary>Compares everything as the worker does: after each batch one batch of recorded changes is applied.</summary>
    /// <param name="onProgress">Called after each batch with the number of ids done and of all ids.</param>
    public Task<ReconcileResult> ReconcileAsync(Action<int, int> onProgress) =>
        Synchronizer.ReconcileAsync(_connection, default, async (done, total) =>
        {
            onProgress(done, total);
            await Synchronizer.ApplyNextBatchAsync(_connection, commandTimeout: null, default);
        }, default);

    /// <summary>Removes tombstones that are old enough.</summary>
    public Task PurgeAsync() => Tombstones.PurgeAsync(_connection, _schema, _fingerprint, default);

    /// <summary>Writes the status in the worker's session.</summary>
    public async Task WriteStatusAsync()
    {
        await using var command = new NpgsqlCommand("select pjsip_sync.write_status()", _connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Stores a reachable contact of this number on the node pbx1, at the longest IPv6 address.</summary>
    public Task<int> AddContactAsync(string number) => Database.ExecuteAsync($"""
        insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now()) on conflict do nothing;
        insert into pjsip_sync.contact (node, endpoint, uri, status, address, registered_at)
        values ('pbx1', '{number}', 'sip:x', 'Reachable', '2001:db8:1111:2222:3333:4444:5555:6666', now());
        """);

    /// <summary>Runs SQL as the application, then applies the recorded changes.</summary>
    public async Task ChangeAsync(string sql, params object?[] parameters)
    {
        await Database.ExecuteAsync(sql, parameters);
        await ApplyAllAsync();
    }

    /// <summary>
    /// Returns the ids of the endpoints, in order and separated by commas, after asserting that all three tables have them.
    /// </summary>
    public async Task<string> IdsAsync()
    {
        var schema = Settings.Realtime.Schema.Replace("\"", "\"\"", StringComparison.Ordinal);
        var lists = new List<string>();
        foreach (var table in new[] { "ps_endpoints", "ps_auths", "ps_aors" })
            lists.Add(await Database.ScalarAsync<string>($"""
                select coalesce(string_agg(id, ',' order by id collate "C"), '') from "{schema}".{table}
                """) ?? "");
        Assert.Equal(lists[0], lists[1]);
        Assert.Equal(lists[0], lists[2]);
        return lists[0];
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _dataSource.DisposeAsync();
        await Database.DisposeAsync();
        _metrics.Dispose();
    }
}
