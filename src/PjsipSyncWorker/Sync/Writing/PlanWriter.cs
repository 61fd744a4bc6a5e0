using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Writes a plan: one statement for each table and set of columns, whatever the number of endpoints, and all statements in one round trip.
/// A column set that was never written before needs one more round trip. Not thread-safe.
/// </summary>
internal sealed class PlanWriter(RealtimeSchema schema, ColumnSetTable columnSets)
{
    /// <summary>
    /// The next revision, which the statements of the batch read with <c>currval</c>, and the notification that wakes the announcers at
    /// commit.
    /// </summary>
    private const string NextRevision = $"""
        select nextval('pjsip_sync.revision'), case when pjsip_sync.may_notify() then pg_notify('{Channels.Revision}', '') is null end
        """;

    private const string UpdateEntry = """
        on conflict (id) do update
        set row_key = excluded.row_key, adopted = excluded.adopted, column_set = excluded.column_set, revision = excluded.revision,
            aor_revision = greatest(e.aor_revision, excluded.aor_revision), synced_at = now(), deleted_at = null
        """;

    private readonly UpsertStatements _upserts = new(schema);
    private readonly MailboxStatements _mailboxes = new(schema);

    /// <summary>Writes the plan and commits the transaction, in one round trip.</summary>
    /// <exception cref="PostgresException">
    /// The database refuses a row (<see cref="DatabaseErrors.RejectsRow"/>): nothing is written.
    /// </exception>
    public async Task WriteAndCommitAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        await AddColumnSetsAsync(connection, plan.Changes, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddChanges(batch, plan.Changes);
        AddRejections(batch, plan);
        batch.AddCommit();
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Writes some changes of a plan, without its rejections and without committing.</summary>
    /// <exception cref="PostgresException">The database refuses a row: the caller must roll back to a savepoint.</exception>
    public async Task WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<EndpointChange> changes, CancellationToken cancellation)
    {
        await AddColumnSetsAsync(connection, changes, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddChanges(batch, changes);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Writes the new and the repaired rejections of a plan, without committing.</summary>
    public static async Task WriteRejectionsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddRejections(batch, plan);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Forgets the column sets that <see cref="WriteAsync"/> added, after a rollback to a savepoint.</summary>
    public void ForgetColumnSets() => columnSets.Rollback();

    private Task AddColumnSetsAsync(NpgsqlConnection connection, IReadOnlyList<EndpointChange> changes, CancellationToken cancellation) =>
        columnSets.AddAsync(
            connection, changes.Where(change => change.Desired is not null).Select(change => change.Desired!.Columns), cancellation);

    private void AddChanges(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        if (changes.Count == 0)
            return;
        batch.Add(NextRevision);
        AddDeletions(batch, changes);
        AddReleases(batch, changes);
        MailboxStatements.AddRemovals(batch, changes);
        foreach (var table in RealtimeTable.WriteOrder)
            AddRows(batch, table, changes);
        AddEntries(batch, changes);
        _mailboxes.AddWritten(batch, changes);
    }

    private static void AddRejections(NpgsqlBatch batch, Plan plan)
    {
        if (plan.Repaired.Count > 0)
        {
            batch.Add(
                "delete from pjsip_sync.rejected where row_key = any ($1)",
                Parameter.Texts(plan.Repaired.Select(repaired => repaired.RowKey)));
        }
        if (plan.NewRejections.Count == 0)
            return;
        // One statement must not write a row twice: of several rejections of one row the last counts.
        var unique = plan.NewRejections.GroupBy(rejection => rejection.RowKey).Select(group => group.Last()).ToList();
        batch.Add("""
            insert into pjsip_sync.rejected as r (row_key, id, reason)
            select * from unnest($1, $2, $3)
            on conflict (row_key) do update set id = excluded.id, reason = excluded.reason, rejected_at = now()
            where (r.id, r.reason) is distinct from (excluded.id, excluded.reason)
            """,
            Parameter.Texts(unique.Select(rejection => rejection.RowKey)),
            Parameter.Texts(unique.Select(rejection => rejection.Id)),
            Parameter.Texts(unique.Select(rejection => rejection.Reason)));
    }

    private void AddDeletions(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        var deleted = changes.Where(change => change.Kind == ChangeKind.Delete).Select(change => change.Id).ToArray();
        if (deleted.Length == 0)
            return;
        // Expired before the endpoint goes: Asterisk drops an expired contact with all its events, but keeps a deleted one in memory.
        if (schema.CanExpireContacts)
            batch.Add($"update {schema.Contacts} set expiration_time = 1 where endpoint = any ($1)", Parameter.Texts(deleted));
        foreach (var table in RealtimeTable.All)
            batch.Add($"delete from {schema.Quoted(table)} where id = any ($1)", Parameter.Texts(deleted));
        batch.Add("""
            update pjsip_sync.managed_endpoint
            set deleted_at = now(), synced_at = now(),
                revision = currval('pjsip_sync.revision'), aor_revision = currval('pjsip_sync.revision')
            where id = any ($1)
            """, Parameter.Texts(deleted));
    }

    private static void AddReleases(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        var released = changes.Where(change => change.Kind == ChangeKind.Release).Select(change => change.Id).ToArray();
        if (released.Length > 0)
            batch.Add("delete from pjsip_sync.managed_endpoint where id = any ($1)", Parameter.Texts(released));
    }

    private void AddRows(NpgsqlBatch batch, RealtimeTable table, IReadOnlyList<EndpointChange> changes)
    {
        var own = schema.Of(table);
        var groups = changes
            .Where(change => change.Desired is not null && (change.Missing.Contains(table) || !(change.Differing & own).IsEmpty))
            .GroupBy(change => (Columns: (change.Desired!.Columns | change.Cleared) & own, Missing: change.Missing.Contains(table)));
        foreach (var group in groups)
        {
            var rows = group.ToList();
            var columns = ValuesByColumn(rows, group.Key.Columns);
            // Nearly every option has the same value in all rows. Such a value is sent once.
            var constant = new ColumnSet();
            foreach (var (index, values) in columns)
                if (Array.TrueForAll(values, value => value == values[0]))
                    constant = constant.With(index);
            var command = new NpgsqlBatchCommand(_upserts.Get(table, group.Key.Columns, constant, insertOnly: group.Key.Missing))
            {
                Parameters = { Parameter.Texts(rows.Select(row => row.Id)) },
            };
            foreach (var (index, values) in columns)
                command.Parameters.Add(constant.Contains(index) ? Parameter.Text(values[0]) : Parameter.Texts(values));
            batch.BatchCommands.Add(command);
        }
    }

    /// <summary>Returns each column with the values that the rows have in it; null for a value that is not set.</summary>
    private List<(int Index, string?[] Values)> ValuesByColumn(List<EndpointChange> rows, ColumnSet set)
    {
        var columns = new List<(int Index, string?[] Values)>();
        foreach (var index in set)
            columns.Add((index, new string?[rows.Count]));
        var row = new string?[schema.Columns.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Desired!.CopyTo(row);
            foreach (var (index, values) in columns)
            {
                values[i] = row[index];
                row[index] = null;
            }
        }
        return columns;
    }

    private void AddEntries(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        foreach (var group in changes.Where(change => change.Desired is not null).GroupBy(change => change.HasEntry))
        {
            batch.Add($"""
                insert into pjsip_sync.managed_endpoint as e (id, row_key, adopted, column_set, revision, aor_revision)
                select v.id, v.row_key, v.adopted, v.column_set, currval('pjsip_sync.revision'),
                       case when v.announce then currval('pjsip_sync.revision') else 0 end
                from unnest($1, $2, $3, $4, $5) as v (id, row_key, adopted, column_set, announce)
                {(group.Key ? UpdateEntry : "")}
                """,
                Parameter.Texts(group.Select(change => change.Id)),
                Parameter.Texts(group.Select(change => change.RowKey)),
                Parameter.Array(NpgsqlDbType.Boolean, group.Select(change => change.IsAdopted)),
                Parameter.Array(NpgsqlDbType.Integer, group.Select(change => columnSets.NumberOf(change.Desired!.Columns))),
                Parameter.Array(NpgsqlDbType.Boolean, group.Select(change => change.RequiresAnnouncement)));
        }
    }
}
