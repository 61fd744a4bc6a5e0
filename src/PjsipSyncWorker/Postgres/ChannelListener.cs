using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Listens on notification channels, on a connection of its own. While no notification comes it sends a query at intervals, because
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
            var listener = new ChannelListener(connection, probeInterval);
            await listener.AddAsync(channel, cancellation);
            return listener;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Listens on one more channel. To be called before <see cref="RunAsync(Action, CancellationToken)"/>.</summary>
    public async Task AddAsync(string channel, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"listen {channel}", connection) { CommandTimeout = ListenTimeoutSeconds };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc cref="RunAsync(Action{string}, CancellationToken)"/>
    public Task RunAsync(Action onNotification, CancellationToken cancellation) => RunAsync(_ => onNotification(), cancellation);

    /// <summary>Calls <paramref name="onNotification"/> at every notification, until cancelled. To be called once.</summary>
    /// <param name="onNotification">Gets the payload. Runs on the thread that reads the connection.</param>
    /// <exception cref="NpgsqlException">The connection is lost.</exception>
    public async Task RunAsync(Action<string> onNotification, CancellationToken cancellation)
    {
        connection.Notification += (_, notification) => onNotification(notification.Payload);
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
