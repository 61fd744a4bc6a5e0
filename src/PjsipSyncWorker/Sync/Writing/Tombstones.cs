using Npgsql;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Deleted endpoints stay in the owner list until every live Asterisk has been told, and long enough for Asterisk to
/// drop their expired contacts by itself; what it left behind then goes with them.
/// </summary>
internal static class Tombstones
{
    /// <summary>Two of Asterisk's default intervals between looks for expired contacts, and a little more.</summary>
    private const string Rest = "70 seconds";

    public static async Task PurgeAsync(NpgsqlConnection connection, RealtimeSchema catalogue, string fingerprint, CancellationToken cancellation)
    {
        const string old = $"from pjsip_sync.managed_endpoint where deleted_at < now() - interval '{Rest}'";
        await using (var any = new NpgsqlCommand($"select exists (select {old})", connection))
            if (await any.ExecuteScalarAsync(cancellation) is not true)
                return;
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
        await RealtimeLock.AcquireAsync(connection, transaction, fingerprint, cancellation);
        await using var bury = new NpgsqlCommand($"""
            with gone as (
              delete {old} and revision <= coalesce(
                (select min(refreshed_revision) from pjsip_sync.node, pjsip_sync.mapping where last_seen_at > now() - stale_after), revision)
              returning id
            )
            {(catalogue.CanExpireContacts
                ? $"delete from {catalogue.Contacts} c using gone where c.endpoint = gone.id and c.expiration_time::text = '1'"
                : "select count(*) from gone")}
            """, connection, transaction);
        await bury.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }
}
