using System.Data;
using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Sync.Reading;
using PjsipSyncWorker.Sync.Writing;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Runs one batch of ids in one transaction: read, plan, write, commit. Either all of it takes effect or nothing. For one connection at a
/// time.
/// </summary>
internal sealed class BatchRunner(StateReader reader, Planner planner, PlanWriter writer, ColumnSetTable columnSets)
{
    /// <summary>
    /// Opens a transaction and runs the work in it. If the database refuses a row the work is run once more, bisecting. If another worker
    /// added a column set, the sets are loaded and the work is repeated.
    /// </summary>
    /// <param name="work">
    /// Takes the writers' lock if it writes, and ends the transaction, with <see cref="ApplyAsync"/> or by a rollback. Its second argument
    /// is whether to bisect, which needs many round trips.
    /// </param>
    public async Task<T> RunAsync<T>(
        NpgsqlConnection connection, Func<NpgsqlTransaction, bool, Task<T>> work, CancellationToken cancellation)
    {
        var bisect = false;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
            try
            {
                var result = await work(transaction, bisect);
                columnSets.Commit();
                return result;
            }
            catch (PostgresException error) when (!bisect && DatabaseErrors.RejectsRow(error))
            {
                bisect = true;
            }
            catch (UnknownColumnSetException)
            {
                await transaction.RollbackAsync(cancellation);
                await columnSets.LoadAsync(connection, cancellation);
            }
            finally
            {
                columnSets.Rollback();
            }
        }
    }

    /// <summary>Plans these ids, writes the plan and commits.</summary>
    /// <param name="state">What was read of the ids already; null when nothing was.</param>
    /// <param name="bisect">Whether to leave out the rows that the database refuses, instead of failing.</param>
    /// <returns>What was written.</returns>
    public async Task<Plan> ApplyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, SyncState? state, bool bisect,
        CancellationToken cancellation)
    {
        var plan = await PlanAsync(connection, transaction, ids, state, bisect, cancellation);
        if (!bisect)
        {
            await writer.WriteAndCommitAsync(connection, transaction, plan, cancellation);
            return plan;
        }
        plan = await BisectingWriter.WriteAsync(writer, connection, transaction, plan, cancellation);
        await PlanWriter.WriteRejectionsAsync(connection, transaction, plan, cancellation);
        await transaction.CommitAsync(cancellation);
        return plan;
    }

    /// <summary>Reads these ids and plans them. Writes nothing.</summary>
    /// <inheritdoc cref="ApplyAsync" path="/param"/>
    public async Task<Plan> PlanAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, SyncState? state, bool bisect,
        CancellationToken cancellation)
    {
        if (ids.Length == 0)
            return Plan.Empty;
        var expected = default(ColumnSet);
        while (true)
        {
            state ??= bisect
                ? await BisectingReader.ReadAsync(reader, connection, transaction, ids, expected, cancellation)
                : await reader.ReadAsync(connection, transaction, ids, expected, cancellation);
            // A row that was rejected under another number may still own an endpoint. That endpoint must be planned together with the row.
            var related = state.Rejected.Count == 0 ? [] : await RelatedAsync(connection, transaction, ids, cancellation);
            if (related.Length > 0)
            {
                (ids, state) = ([.. ids, .. related], null);
                continue;
            }
            var plan = planner.Plan(ids, state);
            foreach (var change in plan.Changes)
                if (change.Desired is not null)
                    expected |= change.Desired.Columns;
            if (reader.Covers(expected))
                return plan;
            // Some extension sets a column that was not read: the actual value is not known yet.
            state = null;
        }
    }

    /// <summary>
    /// Returns the ids of endpoints whose owners have a stored rejection under one of these ids; none of these ids themselves.
    /// </summary>
    private static async Task<string[]> RelatedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select coalesce(array_agg(e.id), '{}') from pjsip_sync.managed_endpoint e
            join pjsip_sync.rejected r using (row_key)
            where r.id = any ($1) and e.deleted_at is null and e.id <> all ($1)
            """, connection, transaction)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Texts(ids) } };
        return (string[])(await command.ExecuteScalarAsync(cancellation))!;
    }
}
