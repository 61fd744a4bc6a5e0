namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What a DBA does to the worker's role, and undoes.</summary>
internal static class RoleFaults
{
    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> All { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["the server is out of connections"] = async rig =>
        {
            // None, then one, so that the listening connection is the one that finds no place.
            foreach (var places in new[] { 0, 1 })
            {
                await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} connection limit {places}");
                await rig.TerminateAsync();
                await Task.Delay(Faults.While);
                Assert.InRange(await SessionsAsync(rig), 0, places);
            }
            await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} connection limit -1");
        },
        ["its role may not log in for a while"] = async rig =>
        {
            await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} nologin");
            await rig.TerminateAsync();
            await Task.Delay(Faults.While);
            await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} login");
        },
        ["its rights are taken away for a while"] = async rig =>
        {
            await rig.Database.ExecuteAsync($"revoke insert, update, delete on ps_auths from {FaultRig.WorkerRole}");
            await Task.Delay(Faults.While);
            await rig.Database.ExecuteAsync($"grant insert, update, delete on ps_auths to {FaultRig.WorkerRole}");
        },
        ["its role is given limits that are far too short"] = async rig =>
        {
            foreach (var (name, value) in new[] { ("statement_timeout", "1ms"), ("lock_timeout", "1ms"),
                ("idle_in_transaction_session_timeout", "1ms"), ("idle_session_timeout", "500ms"), ("default_transaction_isolation",
                "serializable") })
                await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} set {name} = '{value}'");
            await rig.TerminateAsync();
            await Task.Delay(Faults.While * 2);
            Assert.NotEqual(0L, await SessionsAsync(rig, olderThan: "2 seconds"));
            await rig.AdministrateAsync($"alter role {FaultRig.WorkerRole} reset all");
            await rig.TerminateAsync();
        },
        ["row-level security is switched on for a while"] = async rig =>
        {
            await rig.Database.ExecuteAsync("alter table extensions enable row level security");
            var before = await EndpointsAsync(rig);
            await Task.Delay(Faults.While);
            Assert.Equal(before, await EndpointsAsync(rig));
            await rig.Database.ExecuteAsync("alter table extensions disable row level security");
        },
    };

    private static Task<long> SessionsAsync(FaultRig rig, string olderThan = "0") =>
        rig.Database.ScalarAsync<long>($"""
            select count(*) from pg_stat_activity where usename = '{FaultRig.WorkerRole}'
              and backend_start < now() - interval '{olderThan}'
            """);

    private static Task<long> EndpointsAsync(FaultRig rig) => rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints");
}
