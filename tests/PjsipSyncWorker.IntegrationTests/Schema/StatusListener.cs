using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>Collects what an application hears on the channels extension_status and extension_device_state.</summary>
internal sealed class StatusListener : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    private StatusListener(NpgsqlConnection connection) => _connection = connection;

    public ConcurrentQueue<string> Payloads { get; } = [];

    private ConcurrentQueue<(string Channel, string Payload)> Heard { get; } = [];

    /// <summary>Returns the JSON objects that were heard on one channel.</summary>
    public List<JsonElement> Of(string channel) =>
        [.. Heard.Where(heard => heard.Channel == channel && heard.Payload.StartsWith('{'))
            .Select(heard => JsonDocument.Parse(heard.Payload).RootElement)];

    public static async Task<StatusListener> OpenAsync(TestDatabase database)
    {
        var listener = new StatusListener(await database.OpenAsync());
        listener._connection.Notification += (_, heard) =>
        {
            listener.Heard.Enqueue((heard.Channel, heard.Payload));
            listener.Payloads.Enqueue(heard.Payload);
        };
        await using var command = new NpgsqlCommand("listen extension_status; listen extension_device_state", listener._connection);
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
