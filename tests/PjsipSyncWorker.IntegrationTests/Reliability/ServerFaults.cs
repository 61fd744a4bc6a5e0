using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What befalls the database server, and the worker itself.</summary>
internal static class ServerFaults
{
    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> All { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["the server crashes and comes back"] = async rig =>
        {
            await rig.Cluster.StopAsync("immediate");
            await Task.Delay(Faults.While);
            await rig.Cluster.StartAsync();
        },
        ["the server is restarted in order"] = async rig =>
        {
            await rig.Cluster.StopAsync("fast");
            await rig.Cluster.StartAsync();
        },
        ["backends are terminated again and again"] = async rig =>
        {
            for (var i = 0; i < 20; i++)
            {
                await rig.TerminateAsync();
                await Task.Delay(Faults.While / 20);
            }
        },
        ["statements are cancelled again and again"] = async rig =>
        {
            for (var i = 0; i < 200; i++)
            {
                await rig.AdministrateAsync(
                    $"select pg_cancel_backend(pid) from pg_stat_activity where usename = '{FaultRig.WorkerRole}' and state = 'active'");
                await Task.Delay(Faults.While / 200);
            }
        },
        ["the database is read-only"] = async rig =>
        {
            await rig.AdministrateAsync("alter database pbx set default_transaction_read_only = on");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
            await Task.Delay(Faults.While);
            await rig.AdministrateAsync("alter database pbx reset default_transaction_read_only");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
        },
        ["the default isolation is serializable"] = async rig =>
        {
            await rig.AdministrateAsync("alter database pbx set default_transaction_isolation = serializable");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
            await Task.Delay(Faults.While);
            await rig.AdministrateAsync("alter database pbx reset default_transaction_isolation");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
        },
        ["commits wait for a replica that is gone"] = async rig =>
        {
            await rig.AdministrateAsync("alter system set synchronous_standby_names = 'gone'");
            await rig.AdministrateAsync("select pg_reload_conf()");
            await Task.Delay(Faults.While);
            await rig.AdministrateAsync("alter system reset synchronous_standby_names");
            await rig.AdministrateAsync("select pg_reload_conf()");
        },
        ["a pg_dump runs beside it"] = async rig =>
        {
            await using var connection = await rig.Database.OpenAsync();
            await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
            await using (var command = new NpgsqlCommand("select count(*) from ps_endpoints, pjsip_sync.change", connection, snapshot))
                await command.ExecuteNonQueryAsync();
            await Task.Delay(Faults.While * 2);
        },
        ["the worker is killed again and again"] = async rig =>
        {
            for (var i = 0; i < 6; i++)
            {
                await Task.Delay(rig.Random.Next(300));
                await rig.KillWorkerAsync();
                await rig.StartWorkerAsync();
            }
        },
    };
}
