using System.Collections.Concurrent;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>Collects what an application hears on the channel extension_status.</summary>
internal sealed class StatusListener : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    private StatusListener(NpgsqlConnection connection) => _connection = connection;

    public ConcurrentQueue<string> Payloads { get; } = [];

    public static async Task<StatusListener> OpenAsync(TestDatabase database)
    {
        var listener = new StatusListener(await database.OpenAsync());
        listener._connection.Notification += (_, heard) => listener.Payloads.Enqueue(heard.Payload);
        await using var command = new NpgsqlCommand("listen extension_status", listener._connection);
        await command.ExecuteNonQueryAsync();
        listener._listening = listener.ListenAsync();
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
                await _connection.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
