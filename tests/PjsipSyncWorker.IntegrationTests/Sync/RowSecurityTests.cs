using Npgsql;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Row-level security on the application's table: a policy that hides a row never removes an endpoint.</summary>
public sealed class RowSecurityTests(PostgresServer server)
{
    [Fact]
    public async Task Row_level_security_is_an_error_and_not_an_empty_table()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1, 50) g");
        var role = $"limited_{Guid.NewGuid():N}";
        await rig.Database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema pjsip_sync, public, asterisk to {role};
            grant all on all tables in schema pjsip_sync, public, asterisk to {role};
            grant all on all sequences in schema pjsip_sync to {role}; alter table extensions enable row level security;
            """);
        var connection = new NpgsqlConnectionStringBuilder(rig.Database.ConnectionString) { Username = role, Password = "x" };
        await using var limited = new TestDatabase(connection.ConnectionString);
        await using var other = await SyncRig.OpenAsync(limited, SyncRig.Read(limited));

        var error = await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync(force: true));

        Assert.Contains("row-level security", error.MessageText, StringComparison.Ordinal);
        Assert.Contains("row-level security", (await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync())).MessageText,
            StringComparison.Ordinal);
        Assert.Equal(50L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
    }

    [Theory]
    [InlineData("create policy mine on extensions to {0} using (true)", true)]
    [InlineData("create policy everybodys on extensions using (true) with check (true)", true)]
    [InlineData(
        "create policy mine on extensions for select to {0} using (true); "
        + "create policy writes on extensions for update to {0} using (true)", true)]
    [InlineData("create policy mine on extensions to {0} using (true); create policy tenants on extensions using (context = 'mine')", true)]
    [InlineData("create policy mine on extensions for select to {0} using (true)", false)]
    [InlineData("create policy mine on extensions to {0} using (number < '1003')", false)]
    [InlineData("create policy somebodys on extensions to current_user using (true)", false)]
    [InlineData(
        "create policy mine on extensions to {0} using (true); "
        + "create policy less on extensions as restrictive using (number < '1003')", false)]
    public async Task Row_policy_with_every_row_suffices_and_any_other_removes_nothing(string policy, bool enough)
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1001, 1005) g");
        var role = $"limited_{Guid.NewGuid():N}";
        await rig.Database.ExecuteAsync($"""
            create role {role} login password 'x'; grant usage on schema pjsip_sync, public, asterisk to {role};
            grant all on all tables in schema pjsip_sync, public, asterisk to {role};
            grant all on all sequences in schema pjsip_sync to {role};
            grant execute on all functions in schema pjsip_sync to {role}; alter table extensions enable row level security
            """);
        await rig.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, policy, role));
        await using var limited = rig.Database.As(role, "x");
        await using var other = await SyncRig.OpenAsync(limited, SyncRig.Read(limited));
        await rig.Database.ExecuteAsync(
            "update extensions set password = 'y' where number > '1003'; delete from extensions where number = '1005'");

        if (!enough)
        {
            await Assert.ThrowsAsync<PostgresException>(() => other.ApplyAllAsync());
            await Assert.ThrowsAsync<PostgresException>(() => other.ReconcileAsync());
            Assert.Equal("1001,1002,1003,1004,1005", await rig.IdsAsync());
            return;
        }
        await other.ApplyAllAsync();
        await other.ReconcileAsync();
        Assert.Equal("1001,1002,1003,1004", await rig.IdsAsync());
        Assert.Equal("y", await rig.Database.ScalarAsync<string>("select password from ps_auths where id = '1004'"));
        Assert.Equal(Outcome.Pass, (await VerificationAssert.VerifyAsync(other.Settings))
            .First(check => check.Name == "database.mapping").Outcome);
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now());
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at)
              values ('pbx1', '1001', 'sip:x', 'Reachable', now())
            """);
        await other.WriteStatusAsync();
        Assert.Equal(
            "1001", await rig.Database.ScalarAsync<string>("select string_agg(number, ',') from extensions where status = 'online'"));
        // Somebody changes it while the worker is connected.
        await rig.Database.ExecuteAsync($"drop policy {policy.Split(' ')[2]} on extensions; update extensions set password = 'z'");
        await Assert.ThrowsAsync<PostgresException>(() => other.ApplyAllAsync());
        Assert.Equal("1001,1002,1003,1004", await rig.IdsAsync());
    }
}
