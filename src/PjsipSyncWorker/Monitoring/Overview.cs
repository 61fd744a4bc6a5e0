using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Monitoring;

/// <summary>The numbers that a person wants to see first, as the database has them now.</summary>
/// <param name="Endpoints">Number of extensions that are configured as endpoints.</param>
/// <param name="Online">Number of these that have a registration that counts.</param>
/// <param name="Rejected">Number of extensions that were rejected with a reason.</param>
/// <param name="Waiting">Number of recorded changes that are not applied yet, counted up to <see cref="MostCounted"/>.</param>
internal sealed record Overview(long Endpoints, long Online, long Rejected, long Waiting)
{
    /// <summary>Limit of the count of waiting changes, because counting a large backlog takes time that applying it needs.</summary>
    public const int MostCounted = 100_000;

    private const int TimeoutSeconds = 5;

    /// <summary>Number of extensions whose status cannot be written into the application's table.</summary>
    public long StatusRejected { get; init; }

    /// <summary>Time that the oldest waiting change has waited; zero when none waits.</summary>
    public TimeSpan OldestWait { get; init; }

    /// <summary>How full PostgreSQL's notification queue is, 0 to 1; see <c>pjsip_sync.may_notify()</c>.</summary>
    public double NotifyQueueUsage { get; init; }

    /// <summary>Number of contacts by node and by the status that the node reports.</summary>
    public IReadOnlyList<(string Node, string Status, long Count)> Contacts { get; init; } = [];

    /// <summary>Number of endpoints that Asterisk cannot load, by node.</summary>
    public IReadOnlyList<(string Node, long Count)> Unloadable { get; init; } = [];

    /// <summary>Reads the numbers in one round trip.</summary>
    /// <returns>Null when the database does not answer within <see cref="TimeoutSeconds"/>.</returns>
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
        command.CommandTimeout = TimeoutSeconds;
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            var overview = new Overview(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(4))
            {
                StatusRejected = reader.GetInt64(3),
                OldestWait = reader.GetTimeSpan(5),
                NotifyQueueUsage = reader.GetDouble(6),
            };
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
