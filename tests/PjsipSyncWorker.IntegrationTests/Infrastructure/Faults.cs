using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>What can befall a worker and its database, by name: each is done, lasts a while, and is over. Nobody helps the worker.</summary>
internal static class Faults
{
    private static readonly TimeSpan While = TimeSpan.FromSeconds(2);

    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> OfTheDatabase { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["the server crashes and comes back"] = async rig =>
        {
            await rig.Cluster.StopAsync("immediate");
            await Task.Delay(While);
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
                await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pjsip-sync-worker'");
                await Task.Delay(While / 20);
            }
        },
        ["statements are cancelled again and again"] = async rig =>
        {
            for (var i = 0; i < 200; i++)
            {
                await rig.AdministrateAsync("select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'pjsip-sync-worker' and state = 'active'");
                await Task.Delay(While / 200);
            }
        },
        ["the server is out of connections"] = async rig =>
        {
            await rig.AdministrateAsync("alter database pbx connection limit 4");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pjsip-sync-worker'");
            await Task.Delay(While);
            await rig.AdministrateAsync("alter database pbx connection limit -1");
        },
        ["the database is read-only"] = async rig =>
        {
            await rig.AdministrateAsync("alter database pbx set default_transaction_read_only = on");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
            await Task.Delay(While);
            await rig.AdministrateAsync("alter database pbx reset default_transaction_read_only");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
        },
        ["the default isolation is serializable"] = async rig =>
        {
            await rig.AdministrateAsync("alter database pbx set default_transaction_isolation = serializable");
            await rig.AdministrateAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'pbx'");
            await Task.Delay(While);
        },
        ["somebody locks a ps_ table for a while"] = async rig =>
        {
            await using var connection = await rig.Database.OpenAsync();
            await using var command = new NpgsqlCommand("begin; lock table ps_auths in access exclusive mode; select pg_sleep(3); commit", connection);
            await command.ExecuteNonQueryAsync();
        },
        ["somebody updates ps_ rows in the other order"] = async rig =>
        {
            for (var i = 0; i < 10; i++)
            {
                try
                {
                    await rig.Database.ExecuteAsync("begin; update ps_endpoints set language = 'de'; select pg_sleep(0.2); update ps_aors set support_path = 'no'; commit");
                }
                catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
                {
                    // The worker was luckier; the default isolation may be serializable since an earlier fault.
                }
            }
        },
        ["the line is slow"] = async rig =>
        {
            (rig.Line.Delay, rig.Line.Piece) = (TimeSpan.FromMilliseconds(20), 700);
            await Task.Delay(While * 2);
            (rig.Line.Delay, rig.Line.Piece) = (TimeSpan.Zero, 16 * 1024);
        },
        ["the line is cut in the middle of messages"] = async rig =>
        {
            for (var i = 0; i < 20; i++)
            {
                rig.Line.CutCurrentAfter(Random.Shared.Next(1, 400));
                await Task.Delay(While / 20);
            }
        },
        ["nobody gets through for a while"] = async rig =>
        {
            rig.Line.Refusing = true;
            rig.Line.CloseCurrent();
            await Task.Delay(While);
            rig.Line.Refusing = false;
        },
        ["every connection falls silent and none is closed"] = async rig =>
        {
            rig.Line.StallCurrent();
            await Task.Delay(While);
        },
        ["the worker is killed again and again"] = async rig =>
        {
            for (var i = 0; i < 6; i++)
            {
                await Task.Delay(Random.Shared.Next(300));
                await rig.KillWorkerAsync();
                await rig.StartWorkerAsync();
            }
        },
        ["a pg_dump runs beside it"] = async rig =>
        {
            await using var connection = await rig.Database.OpenAsync();
            await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
            await using (var command = new NpgsqlCommand("select count(*) from ps_endpoints, pjsip_sync.change", connection, snapshot))
                await command.ExecuteNonQueryAsync();
            await Task.Delay(While * 2);
        },
    };

    public static IReadOnlyDictionary<string, Func<FaultRig, Task>> OfAsterisk { get; } = new Dictionary<string, Func<FaultRig, Task>>
    {
        ["Asterisk is killed and booted"] = async rig =>
        {
            await rig.Asterisk!.KillAsync();
            await rig.Asterisk.BootAsync();
        },
        ["Asterisk is restarted in order"] = rig => rig.Asterisk!.RestartAsync(),
        ["PJSIP is reloaded"] = rig => rig.Asterisk!.CliAsync("module reload res_pjsip.so"),
        ["AMI is slow"] = async rig =>
        {
            (rig.AmiLine!.Delay, rig.AmiLine.Piece) = (TimeSpan.FromMilliseconds(20), 100);
            await Task.Delay(While);
            (rig.AmiLine.Delay, rig.AmiLine.Piece) = (TimeSpan.Zero, 16 * 1024);
        },
        ["AMI is cut in the middle of messages"] = async rig =>
        {
            for (var i = 0; i < 10; i++)
            {
                rig.AmiLine!.CutCurrentAfter(Random.Shared.Next(1, 2000));
                await Task.Delay(While / 10);
            }
        },
        ["AMI refuses for a while"] = async rig =>
        {
            rig.AmiLine!.Refusing = true;
            rig.AmiLine.CloseCurrent();
            await Task.Delay(While);
            rig.AmiLine.Refusing = false;
        },
        ["AMI falls silent and is not closed"] = async rig =>
        {
            rig.AmiLine!.StallCurrent();
            await Task.Delay(While);
        },
    };
}
