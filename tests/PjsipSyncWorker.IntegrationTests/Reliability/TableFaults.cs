using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What other people do to the tables that the worker reads and writes.</summary>
internal static class TableFaults
{
    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> All { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["somebody locks a ps_ table for a while"] = async rig =>
        {
            await using var connection = await rig.Database.OpenAsync();
            await using var command = new NpgsqlCommand("begin; lock table ps_auths in access exclusive mode; select pg_sleep(3); commit",
                connection);
            await command.ExecuteNonQueryAsync();
        },
        ["somebody updates ps_ rows in the other order"] = async rig =>
        {
            var before = await DeadlocksAsync(rig);
            for (var i = 0; i < 100 && (i < 5 || await DeadlocksAsync(rig) == before); i++)
            {
                try
                {
                    await rig.Database.ExecuteAsync("""
                        begin; update ps_endpoints set language = 'de'; select pg_sleep(0.2);
                        update ps_aors set support_path = 'no'; commit
                        """);
                }
                catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DeadlockDetected)
                {
                    // The worker was luckier.
                }
            }
            Assert.NotEqual(before, await DeadlocksAsync(rig));
        },
        ["the application alters its table"] = async rig =>
        {
            for (var i = 0; i < 5; i++)
            {
                await rig.Database.ExecuteAsync("alter table extensions drop column transport, alter column display_name type varchar(80)");
                await Task.Delay(Faults.While / 10);
                await rig.Database.ExecuteAsync("alter table extensions add column transport text, alter column display_name type text");
                await Task.Delay(Faults.While / 10);
            }
        },
        ["the tables are rewritten"] = async rig =>
        {
            for (var i = 0; i < 5; i++)
                foreach (var rewrite in new[] { "vacuum full extensions", "reindex table extensions", "vacuum full ps_endpoints",
                    "vacuum full pjsip_sync.change", "vacuum full pjsip_sync.managed_endpoint" })
                    await rig.Database.ExecuteAsync(rewrite);
        },
    };

    private static Task<long> DeadlocksAsync(FaultRig rig) =>
        rig.Database.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()");
}
