using Npgsql;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A private PostgreSQL cluster of the machine's own programs, which a test may stop and start.</summary>
internal sealed class PrivateCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _programs = FindPrograms();
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"pjsip-sync-pg-{Guid.NewGuid():N}");
    private readonly EventHandler _stopAtExit;

    private readonly string _options;

    private PrivateCluster(int port, string options)
    {
        (Port, _options) = (port, options);
        _stopAtExit = (_, _) => ControlAsync("stop", "-m", "immediate").GetAwaiter().GetResult();
        AppDomain.CurrentDomain.ProcessExit += _stopAtExit;
    }

    public int Port { get; }

    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Database=postgres;Username=postgres";

    /// <param name="options">Further options of the server, as <c>-c name=value</c>.</param>
    public static async Task<PrivateCluster> CreateAsync(string options = "")
    {
        var cluster = new PrivateCluster(Ports.Next(), options);
        Directory.CreateDirectory(cluster._folder);
        if (Environment.IsPrivilegedProcess)
            await Repository.ExpectAsync("chown", ["postgres", cluster._folder], Limit);
        await cluster.AsServerUserAsync("initdb", "-D", cluster.Data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale",
            "--no-sync");
        await cluster.StartAsync();
        return cluster;
    }

    /// <summary>Creates a standby of this cluster. A promotion makes the standby a primary.</summary>
    public async Task<PrivateCluster> CreateStandbyAsync()
    {
        var standby = new PrivateCluster(Ports.Next(), _options);
        Directory.CreateDirectory(standby._folder);
        if (Environment.IsPrivilegedProcess)
            await Repository.ExpectAsync("chown", ["postgres", standby._folder], Limit);
        await AsServerUserAsync("pg_basebackup", "-D", standby.Data, "-R", "-c", "fast", "-h", "127.0.0.1", "-p", $"{Port}", "-U",
            "postgres");
        await standby.StartAsync();
        return standby;
    }

    public Task PromoteAsync() => ControlAsync("promote", "-w");

    public Task StartAsync() => ControlAsync("start", "-w", "-l", Path.Combine(_folder, "log"),
        "-o", $"-p {Port} -k {_folder} -c fsync=off -c max_connections=200 -c listen_addresses=127.0.0.1 -c "
            + $"autovacuum_naptime=5s {_options}");

    /// <param name="mode">smart, fast or immediate; immediate is like a power failure.</param>
    public Task StopAsync(string mode) => ControlAsync("stop", "-w", "-m", mode);

    public async Task<TestDatabase> CreateDatabaseAsync(string name)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name}", connection);
        await command.ExecuteNonQueryAsync();
        return new TestDatabase(new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= _stopAtExit;
        await ControlAsync("stop", "-m", "immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private async Task ControlAsync(params string[] arguments)
    {
        // Stopping a stopped cluster is no failure.
        if (arguments[0] == "stop" && !File.Exists(Path.Combine(Data, "postmaster.pid")))
            return;
        await AsServerUserAsync("pg_ctl", ["-D", Data, "-s", .. arguments]);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private async Task AsServerUserAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        if (Environment.IsPrivilegedProcess)
            await Repository.ExpectAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--init-groups", path, .. arguments],
                Limit);
        else
            await Repository.ExpectAsync(path, arguments, Limit);
    }

    private static string FindPrograms()
    {
        const string installed = "/usr/lib/postgresql";
        return Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_PG_BIN")
            ?? (Directory.Exists(installed) ? Directory.GetDirectories(installed).Select(version => Path.Combine(version, "bin")) : [])
                .Where(bin => File.Exists(Path.Combine(bin, "initdb")))
                .OrderByDescending(bin => double.Parse(Path.GetFileName(Path.GetDirectoryName(bin)!),
                    System.Globalization.CultureInfo.InvariantCulture))
                .FirstOrDefault()
            ?? throw new InvalidOperationException(
                "These tests need PostgreSQL: a Docker engine, or programs under /usr/lib/postgresql (apt install postgresql)");
    }
}
