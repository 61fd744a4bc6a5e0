using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Finds the items that make a statement fail. The statement is tried on a whole batch; where it fails the batch is split, and
/// each part is tried by itself, until the parts that fail cannot be split further. With one bad item among n this takes about
/// 2 log2(n) attempts.
/// </summary>
internal static class Bisection
{
    /// <summary>Runs <paramref name="attempt"/> on a batch, and on its parts where it fails.</summary>
    /// <param name="batch">What to run on.</param>
    /// <param name="attempt">
    /// Returns null after success, or the error that one of the items caused, after the attempt has undone its own work (rolled back to a
    /// savepoint, for example). Any other error is thrown, and ends the bisection.
    /// </param>
    /// <param name="split">Returns the parts of a batch that failed, in order; none when it cannot be split.</param>
    /// <param name="onFailure">Called for each batch that failed and cannot be split, with its error.</param>
    public static async Task RunAsync<TBatch>(
        TBatch batch, Func<TBatch, Task<PostgresException?>> attempt, Func<TBatch, IReadOnlyList<TBatch>> split,
        Action<TBatch, PostgresException> onFailure)
    {
        if (await attempt(batch) is not { } error)
            return;
        var parts = split(batch);
        if (parts.Count == 0)
            onFailure(batch, error);
        foreach (var part in parts)
            await RunAsync(part, attempt, split, onFailure);
    }

    /// <summary>Returns the two halves of a list; none of a list of one.</summary>
    public static IReadOnlyList<ArraySegment<T>> Halves<T>(ArraySegment<T> items) =>
        items.Count < 2 ? [] : [items[..(items.Count / 2)], items[(items.Count / 2)..]];
}
