using PjsipSyncWorker.IntegrationTests.Schema;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>
/// The pages of docs/frameworks: the files and commands of each, with a real Asterisk and a phone. The application has a role of its own,
/// the worker and Asterisk have those of <c>init --roles</c>.
/// </summary>
public sealed class FrameworkTests(RoleCluster cluster) : IClassFixture<RoleCluster>
{
    private static readonly string[] Settings = ["Realtime__Defaults__QualifyFrequency=0"];

    [Theory]
    [InlineData("laravel", """Broadcasting [App\Events\ExtensionStatusChanged] on channels [private-extensions]""")]
    [InlineData("django", "1001 is")]
    [InlineData("rails", "[ActionCable] Broadcasting to phones: {:number=>\"1001\"")]
    [InlineData("node", "data: {\"number\":\"1001\"")]
    [InlineData("drizzle", "data: {\"number\":\"1001\"")]
    [InlineData("prisma", "data: {\"number\":\"1001\"")]
    public async Task An_application_as_its_page_makes_it_survives_a_lost_connection_and_a_new_table(string name, string browserIsTold)
    {
        await using var database = await OwnedDatabaseAsync($"app_{name}");
        using var application = await FrameworkApplication.CreateAsync(name, database, Settings);
        await application.RunAsync("The table");
        await using var asterisk = await StartAsteriskAsync(database);
        await using var asWorker = database.As(FaultRig.WorkerRole);
        await using var worker = await WorkerProcess.StartAsync(asWorker, [.. Settings, .. asterisk.WorkerSettings()]);

        await application.RunAsync("Phones from code");
        await Eventually.Equal("1001 opus,alaw", () => EndpointsAsync(database), log: () => worker.Log);
        var phone = await PhoneAsync(database, asterisk);
        await using var listener = application.Start("The status of phones");
        await listener.WroteAsync("1001 is offline");
        await using var browser = application.OpenEvents();
        Assert.True(await phone.RegisterAsync());
        await listener.WroteAsync("1001 is online");

        // The phone goes while nobody can listen.
        await database.ExecuteAsync($"alter role {FrameworkApplication.Role} nologin");
        Assert.NotEqual(0L, await database.ScalarAsync<long>($"""
            select count(pg_terminate_backend(pid)) from pg_stat_activity
              where usename = '{FrameworkApplication.Role}' and datname = current_database()
            """));
        Assert.True(await phone.UnregisterAsync());
        await Expect.StatusAsync(database, "1001|offline|127.0.0.11");
        await database.ExecuteAsync($"alter role {FrameworkApplication.Role} login");
        await listener.WroteAsync("1001 is offline", 2);
        // Online, and offline again. Whoever reads the output of the listener has also seen the first offline.
        await (browser is null ? listener.WroteAsync(browserIsTold, 3) : browser.WroteAsync(browserIsTold, 2));

        var before = await TableAsync(database);
        await application.RunAsync("When the table is made anew");
        Assert.NotEqual(before, await TableAsync(database));
        await Eventually.Equal("1001 opus,alaw", () => EndpointsAsync(database), log: () => worker.Log);
        phone = await PhoneAsync(database, asterisk);
        await Eventually.True(() => phone.RegisterAsync());
        await listener.WroteAsync("1001 is online", 2);

        await application.RunAsync("Your tests");
        Assert.Equal("1001 opus,alaw", await EndpointsAsync(database));
    }

    private async Task<TestDatabase> OwnedDatabaseAsync(string name)
    {
        var database = await cluster.Server.CreateDatabaseAsync(name);
        await database.ExecuteAsync($"""
            do $$ begin
              if to_regrole('{FrameworkApplication.Role}') is null then create role {FrameworkApplication.Role} login createdb; end if;
            end $$;
            alter database {name} owner to {FrameworkApplication.Role};
            """);
        await database.ExecuteAsync($"create database {name}_test owner {FrameworkApplication.Role}");
        return database;
    }

    private static async Task<AsteriskServer> StartAsteriskAsync(TestDatabase database)
    {
        await using var asAsterisk = database.As("asterisk");
        return await AsteriskServer.StartAsync(asAsterisk.ConnectionString);
    }

    /// <summary>Returns phone 1001 with the password that the application made, when Asterisk can have read it.</summary>
    private static async Task<SipPhone> PhoneAsync(TestDatabase database, AsteriskServer asterisk)
    {
        await Eventually.True(() => database.ScalarAsync<bool>("""
            select a.password = x.password from extensions x join asterisk.ps_auths a on a.id = x.number where number = '1001'
            """));
        return new SipPhone(asterisk, "1001", (await database.ScalarAsync<string>("select password from extensions"))!);
    }

    private static Task<string?> EndpointsAsync(TestDatabase database) =>
        database.ScalarAsync<string>("select string_agg(id || ' ' || allow, ', ' order by id) from asterisk.ps_endpoints");

    private static Task<uint> TableAsync(TestDatabase database) => database.ScalarAsync<uint>("select 'public.extensions'::regclass::oid");
}
