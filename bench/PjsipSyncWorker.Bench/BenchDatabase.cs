using Npgsql;
using PjsipSyncWorker.Bench.Asterisk;

namespace PjsipSyncWorker.Bench;

/// <summary>A database of its own on the private server that <c>scripts/bench.sh</c> started.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private static readonly string Server = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_POSTGRES")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    private BenchDatabase(string name)
    {
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(Server) { Database = name, Pooling = false,
            IncludeErrorDetail = true, CommandTimeout = 600, SearchPath = "public,asterisk" }.ConnectionString;
    }

    public string Name { get; }

    public string ConnectionString { get; }

    /// <summary>With everything that <c>init --create-extensions</c> makes.</summary>
    /// <param name="options">Further options of <c>init</c>.</param>
    public static async Task<BenchDatabase> InstalledAsync(params string[] options)
    {
        var database = await EmptyAsync();
        await BenchWorker.CommandAsync(database, ["init", "--create-extensions", .. options]);
        return database;
    }

    /// <summary>The same tables, and nothing of ours that watches them.</summary>
    public static async Task<BenchDatabase> UnwatchedAsync()
    {
        var database = await InstalledAsync();
        await database.ExecuteAsync("drop schema pjsip_sync cascade");
        return database;
    }

    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Asks again and again, on one connection, until it is true.</summary>
    public static async Task UntilAsync(NpgsqlConnection connection, string sql, TimeSpan? pause = null)
    {
        if (!await IsSoonAsync(connection, sql, pause, TimeSpan.FromMinutes(3)))
            throw new TimeoutException(sql);
    }

    /// <summary>Asks again and again, on one connection, until it is true or the limit is over.</summary>
    /// <returns>Whether it became true.</returns>
    public static async Task<bool> IsSoonAsync(NpgsqlConnection connection, string sql, TimeSpan? pause, TimeSpan limit)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.PrepareAsync();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (await command.ExecuteScalarAsync() is not true)
        {
            if (watch.Elapsed > limit)
                return false;
            if (pause is { } some)
                await Task.Delay(some);
        }
        return true;
    }

    /// <summary>User and system time of the whole server so far: all its processes, also those that have ended.</summary>
    public async Task<TimeSpan> ServerProcessorTimeAsync()
    {
        await using var connection = await OpenAsync();
        return ProcStat.OfFamily(ProcStat.ParentOf(connection.ProcessID));
    }

    public async ValueTask DisposeAsync()
    {
        await using var connection = new NpgsqlConnection(Server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"drop database if exists {Name} with (force)", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<BenchDatabase> EmptyAsync()
    {
        var database = new BenchDatabase($"bench_{Guid.NewGuid():N}");
        await using var connection = new NpgsqlConnection(Server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {database.Name}", connection);
        await command.ExecuteNonQueryAsync();
        return database;
    }
}
