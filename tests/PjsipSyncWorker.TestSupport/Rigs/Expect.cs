namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>States that several tests wait for.</summary>
internal static class Expect
{
    /// <summary>Waits until the extensions have these numbers, statuses and addresses, in the order of the numbers.</summary>
    public static Task StatusAsync(TestDatabase database, params string[] expected) =>
        Eventually.Equal(string.Join('\n', expected), async () =>
        string.Join('\n', await database.RowsAsync("select number, status, host(last_registered_ip) from extensions order by number")));

    /// <summary>Waits until all changes are applied and so many Asterisk nodes are refreshed up to the last revision.</summary>
    public static Task RefreshedAsync(TestDatabase database, int nodes = 1) =>
        Eventually.Equal((long)nodes, () => database.ScalarAsync<long>("""
        select count(*) from pjsip_sync.node where connected and degraded is null
          and refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint) and not exists (select from pjsip_sync.change)
        """));
}
