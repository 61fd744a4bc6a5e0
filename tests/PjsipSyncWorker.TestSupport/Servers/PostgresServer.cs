using System.Net.Sockets;
using Npgsql;
using PjsipSyncWorker.Diagnostics;
using Testcontainers.PostgreSql;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>
/// A real PostgreSQL: in a container where a Docker engine answers, else a private cluster of the machine's own programs.
/// <c>PJSIP_SYNC_TEST_PG_IMAGE</c> names an image that must be available; <c>PJSIP_SYNC_TEST_POSTGRES</c> another server (a connection
/// string). One server serves the whole run. A test that stops its server creates another.
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
        var image = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_PG_IMAGE");
        if (image is { Length: > 0 } || await DockerAnswersAsync())
        {
            try
            {
                _container = new PostgreSqlBuilder(image is { Length: > 0 } ? image : "postgres:17").Build();
                await _container.StartAsync();
                _connectionString = _container.GetConnectionString();
                return;
            }
            catch (Exception error) when (image is { Length: > 0 })
            {
                throw new InvalidOperationException(
                    $"PJSIP_SYNC_TEST_PG_IMAGE asks for a container of {image}, and there is none: {error.Message}", error);
            }
            catch (Exception error)
            {
                await Console.Error.WriteLineAsync(
                    $"No PostgreSQL in a container ({UntrustedText.Escape(error.Message)}); "
                    + "a private cluster it is. PJSIP_SYNC_TEST_PG_IMAGE names an image that must be had.");
            }
        }
        _cluster = await PrivateCluster.CreateAsync();
        _connectionString = _cluster.ConnectionString;
    }

    /// <summary>Creates a database: empty, or a copy of a template that has no session.</summary>
    /// <param name="options">Further options of CREATE DATABASE.</param>
    public async Task<TestDatabase> CreateDatabaseAsync(string? template = null, string options = "")
    {
        var name = $"t_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name} template {template ?? "template1"} {options}", connection);
        await command.ExecuteNonQueryAsync();
        return new TestDatabase(new NpgsqlConnectionStringBuilder(_connectionString) { Database = name,
            IncludeErrorDetail = true }.ConnectionString);
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
