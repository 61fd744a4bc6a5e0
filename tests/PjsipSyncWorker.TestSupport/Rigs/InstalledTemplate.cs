using Npgsql;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>A template database with everything installed and two extensions. Each test copies the template and breaks its copy.</summary>
public sealed class InstalledTemplate(PostgresServer server) : IAsyncLifetime
{
    public string Name { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        Name = new NpgsqlConnectionStringBuilder(rig.Database.ConnectionString).Database!;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
