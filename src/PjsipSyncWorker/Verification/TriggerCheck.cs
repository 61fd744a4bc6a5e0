using Npgsql;

namespace PjsipSyncWorker.Verification;

/// <summary>Checks that the triggers that record changes are on the source table and on each of its partitions, and are enabled.</summary>
internal sealed class TriggerCheck(NpgsqlDataSource dataSource)
{
    public async Task<CheckResult> RunAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with source as (select to_regclass(source_table) as id from pjsip_sync.mapping),
            tables as (select oid as id, relkind from pg_class
                       where oid in (select id::oid from source union all select relid from source, pg_partition_tree(id))),
            wanted as (
              select id, 'pjsip_sync_' || event as name, 'pjsip_sync.record_change' as calls, 'A' as enabled
              from tables, unnest(array['insert', 'update', 'delete', 'truncate']) as event
              union all
              -- replication applies rows to leaves only, never to a partitioned table itself
              select id, 'pjsip_sync_replicated', 'pjsip_sync.record_replicated', 'R' from tables where relkind = 'r')
            select case when t.oid is null then format('%s is missing on %s', name, id::regclass)
                        when t.tgfoid is distinct from to_regproc(calls) then format('%s on %s calls something else', name, id::regclass)
                        when t.tgenabled::text <> enabled then format('%s on %s is %s', name, id::regclass,
                          case when t.tgenabled = 'D' then 'turned off'
                               when enabled = 'A' then 'not enabled always'
                               else 'not enabled for replication alone' end) end,
                   (select count(*) from tables)
            from wanted left join pg_trigger t on t.tgrelid = id and t.tgname = name
            order by 1
            """);
        var problems = new List<string>();
        var tables = 0L;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            tables = reader.GetInt64(1);
            if (!reader.IsDBNull(0))
                problems.Add(reader.GetString(0));
        }
        var partitions = tables > 1 ? $" and on each of {tables - 1} partitions" : "";
        return problems.Count == 0
            ? CheckResult.Pass($"in place on the source table{partitions}, and turned on")
            : CheckResult.Fail(string.Join("; ", problems),
                "Changes made there go unseen until the next full comparison. Run verify-config --fix, or init");
    }

    /// <summary>Installs the triggers again, and records a full comparison.</summary>
    public async Task<string> FixAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select pjsip_sync.repair_triggers()");
        await command.ExecuteNonQueryAsync(cancellation);
        return "triggers put back and turned on; every extension is looked at again";
    }
}
