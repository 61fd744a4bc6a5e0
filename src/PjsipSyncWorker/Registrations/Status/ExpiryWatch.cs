using Npgsql;
using NpgsqlTypes;

namespace PjsipSyncWorker.Registrations.Status;

/// <summary>
/// Finds statuses that became wrong without a change of a contact. It uses the database's clock and covers all nodes, so that the death of
/// a host together with its worker is noticed. Not thread-safe.
/// </summary>
internal sealed class ExpiryWatch(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// Until when expiries were found, on the database's clock. The first check covers a day, in which perhaps no worker ran.
    /// </summary>
    private DateTime _checkedUntil = time.GetUtcNow().UtcDateTime.AddDays(-1);

    /// <summary>
    /// Returns the endpoints of which a contact expired, or whose node became stale, since the last call, and those whose
    /// status somebody else wrote.
    /// </summary>
    /// <returns>The endpoints, and whether rejected rows are due to be tried again.</returns>
    public async Task<(string[] Ids, bool HasDueRejections)> DequeueAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with rechecked as (delete from pjsip_sync.status_recheck returning id)
            select clock_timestamp(), array(
              select id from rechecked
              union
              select endpoint from pjsip_sync.contact_lifetime where live_until > $1 and live_until <= now()),
              exists (select from pjsip_sync.status_rejected where retry_at <= now())
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = _checkedUntil, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        // Successive checks overlap by a second, so that an expiry in the moment of a check is seen twice rather than never.
        _checkedUntil = reader.GetDateTime(0).AddSeconds(-1);
        return (reader.GetFieldValue<string[]>(1), reader.GetBoolean(2));
    }
}
