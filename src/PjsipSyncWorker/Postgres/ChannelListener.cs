using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Listens on one notification channel, on a connection of its own. While no notification comes it sends a query at intervals, because
/// a connection whose other end is gone looks like one on which nothing happens.
/// </summary>
/// <param name="connection">Already listens; owned by the listener, which disposes it.</param>
/// <param name="probeInterval">Time without a notification after which the connection is probed.</param>
internal sealed class ChannelListener(NpgsqlConnection connection, TimeSpan probeInterval) : IAsyncDisposable
{
    private const int ListenTimeoutSeconds = 10;
    private const int ProbeTimeoutSeconds = 5;

    /// <summary>Opens a connection and listens. Notifications of transactions that commit after this returns are received.</summary>
    /// <param name="channel">The channel's name as it is written in SQL.</param>
    public static async Task<ChannelListener> OpenAsync(
        NpgsqlDataSource dataSource, string channel, TimeSpan probeInterval, CancellationToken cancellation)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            await using var command = new NpgsqlCommand($"listen {channel}", connection) { CommandTimeout = ListenTimeoutSeconds };
            await command.ExecuteNonQueryAsync(cancellation);
            return new ChannelListener(connection, probeInterval);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls <paramref name="onNotification"/> at every notification, until cancelled. To be called once.</summary>
    /// <param name="onNotification">Runs on the thread that reads the connection.</param>
    /// <exception cref="NpgsqlException">The connection is lost.</exception>
    public async Task RunAsync(Action onNotification, CancellationToken cancellation)
    {
        connection.Notification += (_, _) => onNotification();
        while (!cancellation.IsCancellationRequested)
        {
            if (await connection.WaitAsync(probeInterval, cancellation))
                continue;
            await using var probe = new NpgsqlCommand("select 1", connection) { CommandTimeout = ProbeTimeoutSeconds };
            await probe.ExecuteScalarAsync(cancellation);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
