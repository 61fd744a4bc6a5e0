using System.Text.Json;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// Follows extensions: an extension is read when a notification names it, and all of them at intervals, because not every change has a
/// notification (an address, a rejected row). When the database goes away, connects again until it is back.
/// </summary>
internal sealed class StatusWatch(NpgsqlDataSource dataSource, StatusSelection selection, IStatusView view, TimeProvider time)
{
    /// <summary>The shortest time between two reads of all extensions.</summary>
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(5);

    /// <summary>Silence of the listening connection after which it is probed.</summary>
    private static readonly TimeSpan ListenerProbeInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ReconnectPause = TimeSpan.FromSeconds(1);

    /// <summary>The time between two reads of all extensions is so many times what a read takes, to spare the server.</summary>
    private const int IntervalPerRead = 50;

    /// <summary>More changed extensions than this are read with all others.</summary>
    private const int MostByNumber = 1000;

    private readonly StatusBoard _board = new();
    private readonly AsyncAutoResetEvent _wake = new();
    private readonly Lock _lock = new();
    private HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>Follows until cancelled.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="IOException">Nobody reads the output any more.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await FollowAsync(cancellation);
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                cancellation.ThrowIfCancellationRequested();
                view.Report($"Database: {DatabaseErrors.Describe(error)}; trying again");
                await Task.Delay(ReconnectPause, time, cancellation);
            }
        }
    }

    /// <summary>Follows until the connection is lost.</summary>
    private async Task FollowAsync(CancellationToken cancellation)
    {
        await using var listener = await ChannelListener.OpenAsync(
            dataSource, Channels.ExtensionStatus, ListenerProbeInterval, cancellation);
        await listener.AddAsync(Channels.ExtensionDeviceState, cancellation);
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var listening = listener.RunAsync(OnNotification, stop.Token);
        try
        {
            while (true)
                await ReadAllAndChangesAsync(connection, listening, cancellation);
        }
        finally
        {
            // A connection that waits for notifications cannot be closed.
            await stop.CancelAsync();
            await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads all extensions, and then those that notifications name, until all are to be read again.</summary>
    private async Task ReadAllAndChangesAsync(NpgsqlConnection connection, Task listening, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        await ReadAsync(connection, selection.Numbers, cancellation);
        var unfollowed = await StatusQuery.UnfollowedAsync(connection, cancellation);
        view.Report(unfollowed.Count > 0 ? string.Join("; ", unfollowed) : null);
        var took = time.GetElapsedTime(started);
        var interval = took * IntervalPerRead > ShortestInterval ? took * IntervalPerRead : ShortestInterval;
        while (time.GetElapsedTime(started) is var elapsed && elapsed < interval)
        {
            if (await Task.WhenAny(listening, _wake.WaitAsync(interval - elapsed, time, cancellation)) == listening)
                await listening;
            cancellation.ThrowIfCancellationRequested();
            var changed = DequeueChanged();
            if (changed.Length > MostByNumber)
                return;
            if (changed.Length > 0)
                await ReadAsync(connection, changed, cancellation);
        }
    }

    private async Task ReadAsync(NpgsqlConnection connection, string[]? numbers, CancellationToken cancellation)
    {
        var read = new List<ExtensionStatus>();
        await foreach (var status in StatusQuery.ReadAsync(connection, numbers, null, cancellation))
        {
            if (selection.Counts(status))
                read.Add(status);
        }
        view.Show(_board, _board.Update(numbers, read, time.GetUtcNow().UtcDateTime));
    }

    private void OnNotification(string payload)
    {
        if (NumberOf(payload) is not { } number || selection.Number is { } only && only != number)
            return;
        lock (_lock)
            _changed.Add(number);
        _wake.Set();
    }

    /// <returns>Null when the payload is not from the worker.</returns>
    private static string? NumberOf(string payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("number", out var number)
                && number.ValueKind == JsonValueKind.String ? number.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string[] DequeueChanged()
    {
        lock (_lock)
        {
            var changed = _changed.ToArray();
            _changed = new HashSet<string>(StringComparer.Ordinal);
            return changed;
        }
    }
}
