using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Database;

namespace PjsipSyncWorker.Sync;

/// <summary>Every id that the source, the owner list or the rejections know, counted before a reconcile touches anything.</summary>
/// <param name="Ids">Each once.</param>
/// <param name="Owned">Living endpoints of ours.</param>
/// <param name="Unasked">How many of them no active extension wants any more, with no recorded change that says why.</param>
internal sealed record Census(List<string> Ids, int Owned, int Unasked)
{
    public static async Task<Census> TakeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            return await TakeAsync(connection, "bool_or(active)", cancellation);
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            // Source:Active fails on some row; which one is found when its batch is read.
            return await TakeAsync(connection, "true", cancellation);
        }
    }

    private static async Task<Census> TakeAsync(NpgsqlConnection connection, string active, CancellationToken cancellation)
    {
        // Joins of sets, each read once: with a million changes waiting, a look at them for each endpoint would take hours.
        await using var command = new NpgsqlCommand($"""
            with s as (select number, {active} as active from pjsip_sync.source(null) group by number)
            select s.number, e.id, coalesce(s.active, false), c.id is not null
            from s
            full join (select id from pjsip_sync.endpoint where deleted_at is null) e on e.id = s.number
            left join (select distinct id from pjsip_sync.change) c on c.id = e.id
            union all
            select r.id, null, true, false from pjsip_sync.rejected r
            where r.id is not null and not exists (select from s where s.number = r.id)
            """, connection) { CommandTimeout = DataSource.Bulk };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        var (owned, unasked) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.TextOrNull(1);
            ids.Add(id ?? reader.GetString(0));
            if (id is null)
                continue;
            owned++;
            if (!reader.GetBoolean(2) && !reader.GetBoolean(3))
                unasked++;
        }
        return new Census(ids, owned, unasked);
    }

    /// <exception cref="RemovalRefusedException">More is to be removed than the share and the number allow.</exception>
    public void Guard(SyncSettings settings)
    {
        if (Unasked > settings.MaxRemovalCount && Unasked > settings.MaxRemovalShare * Owned)
            throw new RemovalRefusedException(Unasked, Owned);
    }
}

/// <summary>A reconcile would remove suspiciously much; nothing was touched.</summary>
internal sealed class RemovalRefusedException(int removed, int owned) : Exception(
    $"{removed} of {owned} endpoints have no active extension any more, and no recorded change says why: nothing was removed. "
    + "Look at the source table and Source:Active; if it is right so, run sync-extensions --force (limits: Sync:MaxRemoval)");
