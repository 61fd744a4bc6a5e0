using Npgsql;

namespace PjsipSyncWorker.Verification;

/// <summary>Checks that the triggers that record changes are on the source table and on each of its partitions, and are enabled.</summary>
internal sealed class TriggerCheck(NpgsqlDataSource dataSource)
{
    public async Task<CheckResult> RunAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select array(select pjsip_sync.trigger_faults()), (select count(*) from pjsip_sync.recorded_tables())
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (faults, tables) = (reader.GetFieldValue<string[]>(0), reader.GetInt64(1));
        var partitions = tables > 1 ? $" and on each of {tables - 1} partitions" : "";
        return faults.Length == 0
            ? CheckResult.Pass($"in place on the source table{partitions}, and turned on")
            : CheckResult.Fail(string.Join("; ", faults),
                "Changes made there go unseen until the next full comparison. Run verify-config --fix, or init");
    }

    /// <summary>Installs the triggers again, and records a full comparison.</summary>
    public async Task<string> FixAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select pjsip_sync.repair_source()");
        await command.ExecuteNonQueryAsync(cancellation);
        return "grants and triggers of the source table put back; every extension is looked at again";
    }
}
