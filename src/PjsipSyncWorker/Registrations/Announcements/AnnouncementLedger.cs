using Npgsql;

namespace PjsipSyncWorker.Registrations;

/// <summary>Which endpoints one process of one node has not been told of yet.</summary>
internal sealed class RefreshLedger(NpgsqlDataSource dataSource, string node)
{
    /// <summary>An endpoint that changed.</summary>
    /// <param name="Refresh">Its AOR is new or changed, so Asterisk must be told; otherwise only caches matter.</param>
    internal readonly record struct Entry(string Id, long Revision, bool Deleted, bool Refresh);

    /// <summary>Notes which process of Asterisk is there; another one than before knows nothing.</summary>
    public async Task IdentifyAsync(string process, string? version, string? systemName, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            insert into pjsip_sync.node as n (name, process, version, system_name, connected, last_seen_at) values ($1, $2, $3, $4, true, now())
            on conflict (name) do update
            set refreshed_revision = case when n.process is not distinct from excluded.process then n.refreshed_revision else 0 end,
                process = excluded.process, version = excluded.version, system_name = excluded.system_name, connected = true, last_seen_at = now()
            """);
        command.Parameters.Add(new() { Value = node });
        command.Parameters.Add(new() { Value = process });
        command.Parameters.Add(new() { Value = (object?)version ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)systemName ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Everything must be told again: this process may have read our rows while its database was away.</summary>
    public async Task ForgetAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("update pjsip_sync.node set refreshed_revision = 0 where name = $1");
        command.Parameters.Add(new() { Value = node });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What changed since, the newest first.</summary>
    public async Task<List<Entry>> PendingAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select e.id, e.revision, e.deleted_at is not null, e.aor_revision > n.refreshed_revision and e.deleted_at is null
            from pjsip_sync.endpoint e join pjsip_sync.node n on n.name = $1
            where e.revision > n.refreshed_revision
            order by e.revision desc
            """);
        command.Parameters.Add(new() { Value = node });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var pending = new List<Entry>();
        while (await reader.ReadAsync(cancellation))
            pending.Add(new Entry(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetBoolean(3)));
        return pending;
    }

    /// <summary>Everything up to this revision is told.</summary>
    public async Task DoneAsync(long revision, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("update pjsip_sync.node set refreshed_revision = greatest(refreshed_revision, $2) where name = $1");
        command.Parameters.Add(new() { Value = node });
        command.Parameters.Add(new() { Value = revision });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
