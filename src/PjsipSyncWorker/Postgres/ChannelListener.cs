using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// A connection of its own that waits for a channel's notifications. A connection that died without a word
/// is noticed by asking it something whenever it has been silent.
/// </summary>
internal sealed class ChannelListener(NpgsqlConnection connection, TimeSpan silence) : IAsyncDisposable
{
    /// <summary>Opens the connection and listens.</summary>
    public static async Task<ChannelListener> OpenAsync(NpgsqlDataSource dataSource, string channel, TimeSpan silence, CancellationToken cancellation)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            await using var command = new NpgsqlCommand($"listen {channel}", connection) { CommandTimeout = 10 };
            await command.ExecuteNonQueryAsync(cancellation);
            return new ChannelListener(connection, silence);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls <paramref name="onWake"/> at every notification, until cancelled.</summary>
    /// <exception cref="NpgsqlException">The connection is gone.</exception>
    public async Task RunAsync(Action onWake, CancellationToken cancellation)
    {
        connection.Notification += (_, _) => onWake();
        while (!cancellation.IsCancellationRequested)
        {
            if (await connection.WaitAsync(silence, cancellation))
                continue;
            await using var probe = new NpgsqlCommand("select 1", connection) { CommandTimeout = 5 };
            await probe.ExecuteScalarAsync(cancellation);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
