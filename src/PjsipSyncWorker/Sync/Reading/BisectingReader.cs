using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Reading;

/// <summary>Reads a batch of which the database cannot compute some row (an expression of the mapping fails on it): halves it until only that row is left out.</summary>
internal static class BisectingReader
{
    public static async Task<SyncState> ReadAsync(
        StateReader reader, NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, ColumnSet expected, CancellationToken cancellation)
    {
        await transaction.SaveAsync("read", cancellation);
        string reason;
        try
        {
            var state = await reader.ReadAsync(connection, transaction, ids, expected, cancellation);
            await transaction.ReleaseAsync("read", cancellation);
            return state;
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            await transaction.RollbackAsync("read", cancellation);
            await transaction.ReleaseAsync("read", cancellation);
            reason = $"an expression of the mapping fails on this row (SQLSTATE {error.SqlState})";
        }
        if (ids.Length == 1)
            return new SyncState([], new Dictionary<string, ManagedEndpoint>(), new Dictionary<string, ActualEndpoint>(),
                new Dictionary<string, Rejection>(), new Dictionary<string, string>(), [new Rejection($"number {ids[0]}", ids[0], reason)]);
        var half = ids.Length / 2;
        var first = await ReadAsync(reader, connection, transaction, ids[..half], expected, cancellation);
        var second = await ReadAsync(reader, connection, transaction, ids[half..], expected, cancellation);
        return new SyncState(
            [.. first.Candidates, .. second.Candidates],
            Both(first.Owners, second.Owners), Both(first.Target, second.Target), Both(first.Rejected, second.Rejected), Both(first.Reserved, second.Reserved),
            [.. first.Unreadable, .. second.Unreadable]);
    }

    private static Dictionary<string, T> Both<T>(IReadOnlyDictionary<string, T> first, IReadOnlyDictionary<string, T> second)
    {
        var both = new Dictionary<string, T>(first, StringComparer.Ordinal);
        foreach (var (key, value) in second)
            both[key] = value;
        return both;
    }
}
