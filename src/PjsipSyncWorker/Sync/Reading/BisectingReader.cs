using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Reading;

/// <summary>
/// Reads a batch in which a mapping expression fails for some row: bisects the ids, under savepoints, until only the failing ones are left
/// out.
/// </summary>
internal static class BisectingReader
{
    /// <summary>
    /// Returns the state of all ids that can be read; the others are in <see cref="SyncState.Unreadable"/>, each with the reason.
    /// </summary>
    /// <param name="expected">
    /// See <see cref="StateReader.ReadAsync(NpgsqlConnection, NpgsqlTransaction, string[], ColumnSet, CancellationToken)"/>.
    /// </param>
    public static async Task<SyncState> ReadAsync(
        StateReader reader, NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, ColumnSet expected,
        CancellationToken cancellation)
    {
        var parts = new List<SyncState>();
        var unreadable = new List<Rejection>();
        await Bisection.RunAsync(
            new ArraySegment<string>(ids),
            async part =>
            {
                await transaction.SaveAsync("read", cancellation);
                try
                {
                    parts.Add(await reader.ReadAsync(connection, transaction, [.. part], expected, cancellation));
                    await transaction.ReleaseAsync("read", cancellation);
                    return null;
                }
                catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
                {
                    await transaction.RollbackAsync("read", cancellation);
                    await transaction.ReleaseAsync("read", cancellation);
                    return error;
                }
            },
            Bisection.Halves,
            (part, error) => unreadable.Add(new Rejection(
                $"number {part[0]}", part[0], $"an expression of the mapping fails on this row (SQLSTATE {error.SqlState})")));
        return new SyncState
        {
            Candidates = [.. parts.SelectMany(part => part.Candidates)],
            Managed = Merge(parts.Select(part => part.Managed)),
            Actual = Merge(parts.Select(part => part.Actual)),
            Reserved = Merge(parts.Select(part => part.Reserved)),
            Rejected = Merge(parts.Select(part => part.Rejected)),
            Unreadable = unreadable,
        };
    }

    /// <summary>Returns all elements; of one key that is in several parts, as a rejection may be, the last.</summary>
    private static Dictionary<string, T> Merge<T>(IEnumerable<IReadOnlyDictionary<string, T>> parts)
    {
        var merged = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var part in parts)
            foreach (var (key, value) in part)
                merged[key] = value;
        return merged;
    }
}
