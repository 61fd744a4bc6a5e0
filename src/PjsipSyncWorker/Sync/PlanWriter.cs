using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync;

/// <summary>Writes a plan set-based: one statement for each table and set of columns, all in one round trip.</summary>
internal sealed class PlanWriter(RealtimeSchema catalogue, ColumnSetTable shapes)
{
    private const string UpdateOwner = """
        on conflict (id) do update
        set row_key = excluded.row_key, adopted = excluded.adopted, column_set = excluded.column_set, revision = excluded.revision,
            aor_revision = greatest(e.aor_revision, excluded.aor_revision), synced_at = now(), deleted_at = null
        """;

    private readonly Dictionary<(RealtimeTable, ColumnSet, ColumnSet, bool), string> _statements = [];

    /// <summary>The whole of it, and the end of the transaction, in one round trip.</summary>
    public async Task WriteAndCommitAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        await AddShapesAsync(connection, plan.Changes, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddChanges(batch, plan.Changes);
        AddRejections(batch, plan);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>A part of a plan.</summary>
    public async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<EndpointChange> changes, CancellationToken cancellation)
    {
        await AddShapesAsync(connection, changes, cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddChanges(batch, changes);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The rest of a plan that was written in parts.</summary>
    public static async Task WriteRejectionsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = DataSource.BulkTimeoutSeconds };
        AddRejections(batch, plan);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>After a rollback the numbers given to new shapes no longer hold.</summary>
    public void ForgetColumnSets() => shapes.ForgetNew();

    private Task AddShapesAsync(NpgsqlConnection connection, IReadOnlyList<EndpointChange> changes, CancellationToken cancellation) =>
        shapes.AddAsync(connection, changes.Where(change => change.Desired is not null).Select(change => change.Desired!.Columns), cancellation);

    private void AddChanges(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        if (changes.Count == 0)
            return;
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"select nextval('pjsip_sync.revision'), case when pjsip_sync.may_notify() then pg_notify('{Channels.Revision}', '') is null end"));
        AddDeletes(batch, changes);
        foreach (var table in new[] { RealtimeTable.Aor, RealtimeTable.Auth, RealtimeTable.Endpoint })
            AddRows(batch, table, changes);
        AddOwners(batch, changes);
        AddMailboxes(batch, changes);
    }

    private static void AddRejections(NpgsqlBatch batch, Plan plan)
    {
        if (plan.Repaired.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from pjsip_sync.rejected where row_key = any ($1)") { Parameters = { Parameter.Texts(plan.Repaired) } });
        if (plan.Rejections.Count == 0)
            return;
        var unique = plan.Rejections.GroupBy(rejection => rejection.RowKey).Select(group => group.Last()).ToList();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("""
            insert into pjsip_sync.rejected as r (row_key, id, reason)
            select * from unnest($1, $2, $3)
            on conflict (row_key) do update set id = excluded.id, reason = excluded.reason, rejected_at = now()
            where (r.id, r.reason) is distinct from (excluded.id, excluded.reason)
            """)
        {
            Parameters =
            {
                Parameter.Texts(unique.Select(rejection => rejection.RowKey)),
                Parameter.Texts(unique.Select(rejection => rejection.Id)),
                Parameter.Texts(unique.Select(rejection => rejection.Reason)),
            },
        });
    }

    private void AddDeletes(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        var deleted = changes.Where(change => change.Kind == ChangeKind.Delete).Select(change => change.Id).ToArray();
        if (deleted.Length > 0)
        {
            // Before the rows go: Asterisk drops an expired contact with all its events, a deleted one it keeps as a ghost.
            if (catalogue.CanExpireContacts)
                Add($"update {catalogue.Contacts} set expiration_time = 1 where endpoint = any ($1)", deleted);
            foreach (var table in new[] { RealtimeTable.Endpoint, RealtimeTable.Auth, RealtimeTable.Aor })
                Add($"delete from {catalogue.Quoted(table)} where id = any ($1)", deleted);
            Add("""
                update pjsip_sync.managed_endpoint
                set deleted_at = now(), synced_at = now(), revision = currval('pjsip_sync.revision'), aor_revision = currval('pjsip_sync.revision')
                where id = any ($1)
                """, deleted);
        }
        var released = changes.Where(change => change.Kind == ChangeKind.Release).Select(change => change.Id).ToArray();
        if (released.Length > 0)
            Add("delete from pjsip_sync.managed_endpoint where id = any ($1)", released);

        var gone = changes.Where(change => change.Desired is null).ToList();
        if (gone.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select pjsip_sync.leave_mailboxes($1, $2)")
            {
                Parameters = { Parameter.Texts(gone.Select(change => change.Id)), Parameter.Texts(gone.Select(change => change.RowKey)) },
            });
        }

        void Add(string sql, string[] ids) => batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { Parameter.Texts(ids) } });
    }

    private void AddRows(NpgsqlBatch batch, RealtimeTable table, IReadOnlyList<EndpointChange> changes)
    {
        var own = catalogue.Of(table);
        var groups = changes
            .Where(change => change.Desired is not null && (change.Missing.Contains(table) || !(change.Differing & own).IsEmpty))
            .GroupBy(change => (Columns: (change.Desired!.Columns | change.Cleared) & own, Missing: change.Missing.Contains(table)));
        foreach (var group in groups)
        {
            var rows = group.ToList();
            var values = Spread(rows, group.Key.Columns);
            // What is the same in all rows, as nearly every option is, goes over the wire once.
            var same = new ColumnSet();
            foreach (var (index, column) in values)
                if (Array.TrueForAll(column, value => value == column[0]))
                    same = same.With(index);
            var command = new NpgsqlBatchCommand(Statement(table, group.Key.Columns, same, group.Key.Missing)) { Parameters = { Parameter.Texts(rows.Select(row => row.Id)) } };
            foreach (var (index, column) in values)
                command.Parameters.Add(same.Contains(index)
                    ? new NpgsqlParameter { Value = (object?)column[0] ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }
                    : Parameter.Texts(column));
            batch.BatchCommands.Add(command);
        }
    }

    /// <summary>The rows' values by column.</summary>
    private List<(int Index, string?[] Column)> Spread(List<EndpointChange> rows, ColumnSet columns)
    {
        var values = new List<(int Index, string?[] Column)>();
        foreach (var index in columns)
            values.Add((index, new string?[rows.Count]));
        var spread = new string?[catalogue.Columns.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Desired!.Fill(spread);
            foreach (var (index, column) in values)
            {
                column[i] = spread[index];
                spread[index] = null;
            }
        }
        return values;
    }

    private void AddOwners(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        foreach (var group in changes.Where(change => change.Desired is not null).GroupBy(change => change.Listed))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"""
                insert into pjsip_sync.managed_endpoint as e (id, row_key, adopted, column_set, revision, aor_revision)
                select v.id, v.row_key, v.adopted, v.column_set, currval('pjsip_sync.revision'), case when v.tell then currval('pjsip_sync.revision') else 0 end
                from unnest($1, $2, $3, $4, $5) as v (id, row_key, adopted, column_set, tell)
                {(group.Key ? UpdateOwner : "")}
                """)
            {
                Parameters =
                {
                    Parameter.Texts(group.Select(change => change.Id)),
                    Parameter.Texts(group.Select(change => change.RowKey)),
                    new NpgsqlParameter { Value = group.Select(change => change.Adopted).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
                    new NpgsqlParameter { Value = group.Select(change => shapes.NumberOf(change.Desired!.Columns)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                    new NpgsqlParameter { Value = group.Select(change => change.TellAsterisk).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
                },
            });
        }
    }

    /// <summary>A name of a mailbox that is written down is never given to another row; a lamp that shows another mailbox now is noted.</summary>
    private void AddMailboxes(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        if (catalogue.Find(RealtimeTable.Endpoint, "mailboxes") is not { } column)
            return;
        var changed = changes.Where(change => change.Desired is not null && (change.Missing.Contains(RealtimeTable.Endpoint) || change.Differing.Contains(column.Index))).ToList();
        var without = changed.Where(change => change.Desired!.Mailbox is null).Select(change => change.Id).ToArray();
        if (without.Length > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "update pjsip_sync.message_lamp set mailboxes = '', revision = currval('pjsip_sync.revision') where endpoint = any ($1) and mailboxes <> ''")
            { Parameters = { Parameter.Texts(without) } });
        }
        var with = changed.Where(change => change.Desired!.Mailbox is not null).ToList();
        if (with.Count == 0)
            return;
        // Several rows may name one mailbox, which may be another row's own.
        var owners = with.Where(change => !change.Desired!.Mailbox!.IsNamed).Concat(with).DistinctBy(change => change.Desired!.Mailbox!.Name).ToList();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("""
            insert into pjsip_sync.mailbox as m (name, row_key, named)
            select * from unnest($1, $2, $3)
            on conflict (name) do update set named = false where m.row_key = excluded.row_key and m.named and not excluded.named
            """)
        {
            Parameters =
            {
                Parameter.Texts(owners.Select(owner => owner.Desired!.Mailbox!.Name)),
                Parameter.Texts(owners.Select(owner => owner.RowKey)),
                new NpgsqlParameter { Value = owners.Select(owner => owner.Desired!.Mailbox!.IsNamed).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"""
            insert into pjsip_sync.message_lamp as l (endpoint, mailboxes)
            select id, {column.Quoted} from {catalogue.Quoted(RealtimeTable.Endpoint)} where id = any ($1)
            on conflict (endpoint) do update set mailboxes = excluded.mailboxes, revision = currval('pjsip_sync.revision')
            where l.mailboxes <> excluded.mailboxes
            """)
        { Parameters = { Parameter.Texts(with.Select(change => change.Id)) } });
    }

    /// <param name="same">The columns of which one value is given for all rows.</param>
    /// <param name="missing">Whether there are no such rows yet: if somebody else makes one now, it is his, and everything is read again.</param>
    private string Statement(RealtimeTable table, ColumnSet set, ColumnSet same, bool missing)
    {
        if (_statements.TryGetValue((table, set, same, missing), out var known))
            return known;
        var columns = new List<RealtimeColumn>();
        foreach (var index in set)
            columns.Add(catalogue.Columns[index]);
        var names = string.Concat(columns.Select(column => $", {column.Quoted}"));
        var values = string.Concat(columns.Select((column, i) => same.Contains(column.Index) ? $", ${i + 2}::{column.SqlType}" : $", v.c{i}::{column.SqlType}"));
        var varying = columns.Index().Where(column => !same.Contains(column.Item.Index)).Select(column => column.Index).ToList();
        var arrays = string.Concat(varying.Select(i => $", ${i + 2}"));
        var aliases = string.Concat(varying.Select(i => $", c{i}"));
        var conflict = missing ? ""
            : columns.Count == 0 ? " on conflict (id) do nothing"
            : $" on conflict (id) do update set {string.Join(", ", columns.Select(column => $"{column.Quoted} = excluded.{column.Quoted}"))} "
                + $"where ({string.Join(", ", columns.Select(column => $"t.{column.Quoted}"))}) "
                + $"is distinct from ({string.Join(", ", columns.Select(column => $"excluded.{column.Quoted}"))})";
        return _statements[(table, set, same, missing)] =
            $"insert into {catalogue.Quoted(table)} as t (id{names}) select v.id{values} from unnest($1{arrays}) as v (id{aliases}){conflict}";
    }
}
