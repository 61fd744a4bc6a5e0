using Npgsql;

namespace PjsipSyncWorker.Verification;

/// <summary>The triggers that record changes: on the source table and on every partition of it, and turned on.</summary>
internal sealed class TriggerCheck(NpgsqlDataSource dataSource)
{
    public async Task<Finding> LookAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with source as (select to_regclass(source_table) as id from pjsip_sync.mapping),
            tables as (select id from source union select relid from source, pg_partition_tree(id)),
            wanted as (select id, 'pjsip_sync_' || event as name from tables, unnest(array['insert', 'update', 'delete', 'truncate']) as event)
            select case when t.oid is null then format('%s is missing on %s', name, id::regclass)
                        when t.tgfoid <> (select oid from pg_proc where proname = 'record_change' and pronamespace = (select oid from pg_namespace where nspname = 'pjsip_sync'))
                          then format('%s on %s calls something else', name, id::regclass)
                        when t.tgenabled <> 'A' then format('%s on %s is %s', name, id::regclass, case t.tgenabled when 'D' then 'turned off' else 'not enabled always' end) end,
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
        return problems.Count == 0
            ? Finding.Pass($"four on the source table{(tables > 1 ? $" and on each of {tables - 1} partitions" : "")}, turned on")
            : Finding.Fail(string.Join("; ", problems), "Changes made there go unseen until the next full comparison. Run verify-config --fix, or init");
    }

    public async Task<string> FixAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select pjsip_sync.mend_triggers()");
        await command.ExecuteNonQueryAsync(cancellation);
        return "triggers put back and turned on; every extension is looked at again";
    }
}
