using System.Diagnostics;
using Npgsql;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A real PgBouncer before one database.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly string _folder;
    private Process _process;

    private PgBouncer(string folder, string connectionString) =>
        (_process, _folder, ConnectionString) = (Launch(folder), folder, connectionString);

    public string ConnectionString { get; }

    /// <param name="ofDatabase">Further settings in the line of the database.</param>
    public static async Task<PgBouncer> StartAsync(string connectionString, string poolMode, string ofDatabase = "")
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        var port = Ports.Next();
        var folder = Path.Combine(Path.GetTempPath(), $"pjsip-sync-pgbouncer-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        var password = string.IsNullOrEmpty(server.Password) ? "" : $" password={server.Password}";
        await File.WriteAllTextAsync(Path.Combine(folder, "users"), "");
        await File.WriteAllTextAsync(Path.Combine(folder, "ini"), $"""
            [databases]
            {server.Database} = host={server.Host} port={server.Port} user={server.Username}{password} {ofDatabase}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            auth_file = {folder}/users
            pool_mode = {poolMode}
            ignore_startup_parameters = extra_float_digits,options,search_path

            """);
        if (Environment.IsPrivilegedProcess)
            await Repository.ExpectAsync("chown", ["-R", "postgres", folder], TimeSpan.FromSeconds(5));
        var pooler = new PgBouncer(folder, new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1",
            Port = port }.ConnectionString);
        await pooler.AnswersAsync();
        return pooler;
    }

    /// <summary>Restarts the pooler, so that all connections are lost.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        _process = Launch(_folder);
        await AnswersAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>PgBouncer refuses to run as root.</summary>
    private static Process Launch(string folder)
    {
        string[] arguments = ["-q", Path.Combine(folder, "ini")];
        return Process.Start(Environment.IsPrivilegedProcess
            ? Repository.Info("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--init-groups", "/usr/sbin/pgbouncer",
                .. arguments])
            : Repository.Info("/usr/sbin/pgbouncer", arguments))!;
    }

    private async Task AnswersAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await Eventually.Equal(1, async () =>
        {
            await using var command = source.CreateCommand("select 1");
            return (int)(await command.ExecuteScalarAsync())!;
        });
    }

    private async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
