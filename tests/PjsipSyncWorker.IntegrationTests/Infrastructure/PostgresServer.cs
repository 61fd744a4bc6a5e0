using System.Net.Sockets;
using Npgsql;
using Testcontainers.PostgreSql;

[assembly: AssemblyFixture(typeof(PjsipSyncWorker.IntegrationTests.Infrastructure.PostgresServer))]

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>
/// A real PostgreSQL: in a container where a Docker engine answers, else a private cluster of the machine's own programs.
/// <c>PJSIP_SYNC_TEST_POSTGRES</c> names another (a connection string). One serves the whole run; tests that stop theirs make another.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private PostgreSqlContainer? _container;
    private PrivateCluster? _cluster;
    private string _connectionString = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_POSTGRES") is { Length: > 0 } given)
        {
            _connectionString = given;
            return;
        }
        if (await DockerAnswersAsync())
        {
            _container = new PostgreSqlBuilder(Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_PG_IMAGE") ?? "postgres:17").Build();
            await _container.StartAsync();
            _connectionString = _container.GetConnectionString();
            return;
        }
        _cluster = await PrivateCluster.CreateAsync();
        _connectionString = _cluster.ConnectionString;
    }

    /// <summary>A new database: empty, or a copy of one that nobody is connected to.</summary>
    /// <param name="options">More of CREATE DATABASE.</param>
    public async Task<TestDatabase> CreateDatabaseAsync(string? template = null, string options = "")
    {
        var name = $"t_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name} template {template ?? "template1"} {options}", connection);
        await command.ExecuteNonQueryAsync();
        return new TestDatabase(new NpgsqlConnectionStringBuilder(_connectionString) { Database = name, IncludeErrorDetail = true }.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
            await _container.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    private static async Task<bool> DockerAnswersAsync()
    {
        const string engine = "/var/run/docker.sock";
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 })
            return true;
        if (!File.Exists(engine))
            return false;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(engine));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
