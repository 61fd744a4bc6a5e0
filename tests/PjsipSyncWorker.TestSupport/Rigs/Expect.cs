namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>What several tests wait for.</summary>
internal static class Expect
{
    /// <summary>Every extension's number, status and address, in order.</summary>
    public static Task StatusAsync(TestDatabase database, params string[] expected) =>
        Eventually.Equal(string.Join('\n', expected), async () =>
        string.Join('\n', await database.RowsAsync("select number, status, host(last_registered_ip) from extensions order by number")));

    /// <summary>All changes are applied, and so many Asterisks were told of every endpoint.</summary>
    public static Task RefreshedAsync(TestDatabase database, int nodes = 1) => Eventually.Equal((long)nodes, () => database.ScalarAsync<long>("""
        select count(*) from pjsip_sync.node where connected and degraded is null
          and refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint) and not exists (select from pjsip_sync.change)
        """));
}
