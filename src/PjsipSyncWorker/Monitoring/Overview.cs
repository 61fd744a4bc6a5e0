using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Monitoring;

/// <summary>The few numbers that a person wants to see first, as the database has them now.</summary>
/// <param name="Endpoints">Extensions that are phones.</param>
/// <param name="Online">Of them, those with a registration that counts.</param>
/// <param name="Rejected">Extensions refused with a reason.</param>
/// <param name="Waiting">Changes recorded and not applied; counted up to <see cref="MostCounted"/>.</param>
internal sealed record Overview(long Endpoints, long Online, long Rejected, long Waiting)
{
    /// <summary>Counting a large backlog would make it larger.</summary>
    public const int MostCounted = 100_000;

    /// <summary>Extensions whose status cannot be written into the application's table.</summary>
    public long StatusRejected { get; init; }

    /// <summary>How long the oldest of the changes waits.</summary>
    public TimeSpan OldestWait { get; init; }

    /// <summary>How full the server's queue of notifications is, 0 to 1; see <c>pjsip_sync.may_notify()</c>.</summary>
    public double NotifyQueueUsage { get; init; }

    /// <summary>Registrations by the node that has them and the status it reports.</summary>
    public IReadOnlyList<(string Node, string Status, long Count)> Contacts { get; init; } = [];

    /// <summary>Endpoints that a node's Asterisk cannot load.</summary>
    public IReadOnlyList<(string Node, long Count)> Unloadable { get; init; } = [];

    /// <returns>Null when the database does not answer.</returns>
    public static async Task<Overview?> TryReadAsync(NpgsqlDataSource dataSource, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select (select count(*) from pjsip_sync.managed_endpoint where deleted_at is null),
                   (select count(distinct c.endpoint)
                    from pjsip_sync.live_contact c join pjsip_sync.managed_endpoint e on e.id = c.endpoint and e.deleted_at is null),
                   (select count(*) from pjsip_sync.rejected), (select count(*) from pjsip_sync.status_rejected),
                   waiting.count, coalesce(greatest(now() - waiting.oldest, '0'), '0'), pg_notification_queue_usage()
            from (select {ChangeQueue.Count} as count, min(recorded_at) as oldest
                  from (select more_ids, recorded_at from pjsip_sync.change order by xid limit {MostCounted}) as counted) as waiting;
            select node, status, count(*) from pjsip_sync.contact group by node, status;
            select n.name, count(u.id) from pjsip_sync.node n left join pjsip_sync.unloadable u on u.node = n.name group by n.name
            """);
        command.CommandTimeout = 5;
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            var overview = new Overview(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(4)) { StatusRejected = reader.GetInt64(3), OldestWait = reader.GetTimeSpan(5), NotifyQueueUsage = reader.GetDouble(6) };
            await reader.NextResultAsync(cancellation);
            var contacts = new List<(string, string, long)>();
            while (await reader.ReadAsync(cancellation))
                contacts.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
            await reader.NextResultAsync(cancellation);
            var unloadable = new List<(string, long)>();
            while (await reader.ReadAsync(cancellation))
                unloadable.Add((reader.GetString(0), reader.GetInt64(1)));
            return overview with { Contacts = contacts, Unloadable = unloadable };
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return null;
        }
    }
}
