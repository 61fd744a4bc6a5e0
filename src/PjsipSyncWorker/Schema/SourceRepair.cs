using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Schema;

/// <summary>Gives the application's table back what it has lost: triggers that record its changes, and the worker's grants.</summary>
/// <param name="Faults">What was missing, in words; empty when nothing was.</param>
/// <param name="Refusal">Why it could not be put back, and the command that does it; null when all is well now.</param>
internal sealed record SourceRepair(IReadOnlyList<string> Faults, string? Refusal)
{
    private const string FindFaults = """
        select * from pjsip_sync.trigger_faults()
        union all
        select format('the role pjsip_sync has lost rights on %s', source_table) from pjsip_sync.mapping
        where pjsip_sync.lacks_column_grants()
        """;

    /// <summary>Looks, and repairs with the rights of the role that ran <c>init</c>. A repair asks for a full comparison.</summary>
    public static async Task<SourceRepair> RunAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var faults = await FaultsAsync(connection, cancellation);
        if (faults.Count == 0)
            return new SourceRepair([], null);
        try
        {
            await using var command = new NpgsqlCommand("select pjsip_sync.repair_source()", connection);
            await command.ExecuteNonQueryAsync(cancellation);
            return new SourceRepair(faults, null);
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            return new SourceRepair(faults, "another transaction holds a lock on the table; the next attempt follows");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return new SourceRepair(faults, await AdviceAsync(connection, cancellation));
        }
    }

    private static async Task<List<string>> FaultsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(FindFaults, connection);
        return await command.ReadTextsAsync(cancellation);
    }

    private static async Task<string> AdviceAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select format('the role %1$s, which ran init, may not alter this table of %2$s: '
                          'run pjsip-sync-worker init --roles as a superuser, or once: grant %2$s to %1$s',
                          proowner::regrole, relowner::regrole)
            from pg_proc, pg_class
            where pg_proc.oid = 'pjsip_sync.repair_source'::regproc and pg_class.oid = pjsip_sync.source_relation()
            """, connection);
        return await command.ExecuteScalarAsync(cancellation) as string ?? "the table is gone again";
    }
}
