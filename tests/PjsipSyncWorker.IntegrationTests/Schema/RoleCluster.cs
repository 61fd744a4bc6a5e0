namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>A cluster for one class of tests, since roles belong to the whole server.</summary>
public sealed class RoleCluster : IAsyncLifetime
{
    internal PrivateCluster Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PrivateCluster.CreateAsync();

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();

    /// <summary>Creates a database and runs this command of the worker in it, as the superuser.</summary>
    internal async Task<TestDatabase> CreateAsync(string name, params string[] init)
    {
        var database = await Server.CreateDatabaseAsync(name);
        var (exit, output) = await WorkerProcess.CommandAsync(database, [], init);
        Assert.True(exit == 0, output);
        return database;
    }
}
