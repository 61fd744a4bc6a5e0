using System.Data;
using Npgsql;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Registry entries of deleted endpoints. They stay until the deletion is announced to every live Asterisk, and long enough for Asterisk
/// to drop the expired contacts by itself. Contacts that Asterisk left in ps_contacts are deleted together with the tombstone.
/// </summary>
internal static class Tombstones
{
    /// <summary>Two of Asterisk's default intervals between searches for expired contacts, and a little more.</summary>
    private const string MinAge = "70 seconds";

    /// <summary>
    /// Deletes the tombstones that are old enough, in a transaction of its own. Without any it only asks, and takes no lock.
    /// </summary>
    /// <exception cref="PostgresException">55P03: another worker holds the lock for longer than <c>lock_timeout</c>.</exception>
    /// <exception cref="ConfigurationSupersededException">Another worker with another configuration was started later.</exception>
    public static async Task PurgeAsync(
        NpgsqlConnection connection, RealtimeSchema schema, string fingerprint, CancellationToken cancellation)
    {
        const string old = $"from pjsip_sync.managed_endpoint where deleted_at < now() - interval '{MinAge}'";
        await using (var any = new NpgsqlCommand($"select exists (select {old})", connection))
            if (await any.ExecuteScalarAsync(cancellation) is not true)
                return;
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await RealtimeLock.AcquireAsync(connection, transaction, fingerprint, cancellation);
        await using var purge = new NpgsqlCommand($"""
            with gone as (
              delete {old} and revision <= coalesce(
                (select min(refreshed_revision) from pjsip_sync.node, pjsip_sync.mapping where last_seen_at > now() - stale_after),
                revision)
              returning id
            )
            {(schema.CanExpireContacts
                ? $"delete from {schema.Contacts} c using gone where c.endpoint = gone.id and c.expiration_time::text = '1'"
                : "select count(*) from gone")}
            """, connection, transaction);
        await purge.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }
}
