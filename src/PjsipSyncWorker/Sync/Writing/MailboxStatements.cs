using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Adds to a batch what a plan changes of mailboxes: <c>pjsip_sync.mailbox</c> keeps which row a mailbox belongs to, so that the name is
/// never given to another row; <c>pjsip_sync.message_lamp</c> keeps which mailboxes an endpoint's lamp shows.
/// </summary>
internal sealed class MailboxStatements(RealtimeSchema schema)
{
    /// <summary>Adds what deleted and released endpoints leave behind.</summary>
    public static void AddRemovals(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        var removed = changes.Where(change => change.Desired is null).ToList();
        if (removed.Count == 0)
            return;
        batch.Add("select pjsip_sync.leave_mailboxes($1, $2)",
            Parameter.Texts(removed.Select(change => change.Id)), Parameter.Texts(removed.Select(change => change.RowKey)));
    }

    /// <summary>Adds the mailboxes of written endpoints. Must follow the statements that write ps_endpoints.</summary>
    public void AddWritten(NpgsqlBatch batch, IReadOnlyList<EndpointChange> changes)
    {
        if (schema.Find(RealtimeTable.Endpoint, "mailboxes") is not { } column)
            return;
        var changed = changes
            .Where(change => change.Desired is not null
                && (change.Missing.Contains(RealtimeTable.Endpoint) || change.Differing.Contains(column.Index)))
            .ToList();
        var without = changed.Where(change => change.Desired!.Mailbox is null).Select(change => change.Id).ToArray();
        if (without.Length > 0)
        {
            batch.Add("""
                update pjsip_sync.message_lamp set mailboxes = '', revision = currval('pjsip_sync.revision')
                where endpoint = any ($1) and mailboxes <> ''
                """, Parameter.Texts(without));
        }
        var with = changed.Where(change => change.Desired!.Mailbox is not null).ToList();
        if (with.Count > 0)
            AddMailboxes(batch, with, column);
    }

    private void AddMailboxes(NpgsqlBatch batch, List<EndpointChange> with, RealtimeColumn column)
    {
        // Several rows may name one mailbox, which may be another row's own. The own one is first, so that DistinctBy keeps it.
        var owners = with.Where(change => !change.Desired!.Mailbox!.IsNamed).Concat(with)
            .DistinctBy(change => change.Desired!.Mailbox!.Name).ToList();
        batch.Add("""
            insert into pjsip_sync.mailbox as m (name, row_key, named)
            select * from unnest($1, $2, $3)
            on conflict (name) do update set named = false where m.row_key = excluded.row_key and m.named and not excluded.named
            """,
            Parameter.Texts(owners.Select(owner => owner.Desired!.Mailbox!.Name)),
            Parameter.Texts(owners.Select(owner => owner.RowKey)),
            Parameter.Array(NpgsqlDbType.Boolean, owners.Select(owner => owner.Desired!.Mailbox!.IsNamed)));
        batch.Add($"""
            insert into pjsip_sync.message_lamp as l (endpoint, mailboxes)
            select id, {column.Quoted} from {schema.Quoted(RealtimeTable.Endpoint)} where id = any ($1)
            on conflict (endpoint) do update set mailboxes = excluded.mailboxes, revision = currval('pjsip_sync.revision')
            where l.mailboxes <> excluded.mailboxes
            """, Parameter.Texts(with.Select(change => change.Id)));
    }
}
