using PjsipSyncWorker.IntegrationTests.Schema;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>
/// An application whose role <c>app</c> owns its table and migrates it, beside a worker of the role <c>pjsip_sync</c>. The superuser ran
/// <c>init --roles</c>, as docs/operate/install.md says. The worker runs with the default intervals.
/// </summary>
internal sealed class AlteredTable : IAsyncDisposable
{
    public const string Create = """
        create table extensions (id bigserial primary key, number text not null unique, password text not null, status text);
        """;

    private readonly string _metrics = $"Metrics__Port={Ports.Next()}";

    private AlteredTable(TestDatabase admin) => (Admin, App, Ours) = (admin, admin.As("app"), admin.As("pjsip_sync"));

    public TestDatabase Admin { get; }

    public TestDatabase App { get; }

    /// <summary>The database as the worker sees it.</summary>
    public TestDatabase Ours { get; }

    public WorkerProcess Worker { get; private set; } = null!;

    /// <param name="installer">The role that runs init: a superuser, or the owner of the database.</param>
    public static async Task<AlteredTable> StartAsync(RoleCluster cluster, string installer = "postgres")
    {
        var admin = await cluster.Server.CreateDatabaseAsync($"t_{Guid.NewGuid():N}");
        var table = new AlteredTable(admin);
        await admin.ExecuteAsync($"""
            do $$ begin create role app login; exception when duplicate_object then null; end $$;
            do $$ begin create role {installer} login createrole; exception when duplicate_object then null; end $$;
            do $$ begin execute format('alter database %I owner to {installer}', current_database()); end $$;
            grant usage, create on schema public to app
            """);
        await table.App.ExecuteAsync($"{Create} insert into extensions (number, password) values ('1001', 'one'), ('1002', 'two')");
        if (installer != "postgres")
            await admin.ExecuteAsync($"alter table extensions owner to {installer}");
        await using (var installing = admin.As(installer))
            await FaultRig.InstallAsync(installing);
        table.Worker = await WorkerProcess.StartAsync(table.Ours, table._metrics);
        await Eventually.Equal("1001,1002", table.IdsAsync);
        return table;
    }

    /// <summary>Returns what <c>/readyz</c> says, and whether it is 200.</summary>
    public async Task<(bool IsReady, string Text)> ReadyAsync()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync($"http://localhost:{_metrics.Split('=')[1]}/readyz");
        return (answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Returns the numbers of the endpoints.</summary>
    public Task<string> IdsAsync() => ReadAsync("id");

    /// <summary>Returns a column of the endpoints, in the order of their numbers.</summary>
    public async Task<string> ReadAsync(string column) =>
        await Admin.ScalarAsync<string>($"select coalesce(string_agg({column}::text, ',' order by id), '') from ps_endpoints") ?? "";

    /// <summary>
    /// Waits until the endpoints are these, for three seconds: one to notice, one to reconnect after an error, and one for a busy machine.
    /// </summary>
    public Task HasAsync(string ids) => Eventually.Equal(ids, IdsAsync, TimeSpan.FromSeconds(3), () => Worker.Log);

    public Task SaysAsync(string text) =>
        Eventually.Equal(true, () => Task.FromResult(Worker.Log.Contains(text, StringComparison.Ordinal)), null, () => Worker.Log);

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await App.DisposeAsync();
        await Ours.DisposeAsync();
        await Admin.DisposeAsync();
    }
}
