using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Nodes;
using PjsipSyncWorker.Registrations.Status;
using static PjsipSyncWorker.IntegrationTests.Registrations.TrackedNode;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>From what was heard of the phones to the status in the application's table.</summary>
public sealed class RegistrationTests(PostgresServer server)
{
    [Fact]
    public async Task Contact_removed_by_one_server_is_not_restored_by_another()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        var (one, first) = await OpenAsync(rig, "pbx1", shared: true);
        var (two, second) = await OpenAsync(rig, "pbx2", shared: true);
        await SnapshotAsync(second, two, Phones[0]);
        Assert.Equal(1L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));

        // The first server expired it; the second keeps a ghost of it, and qualifies that.
        first.OnContactStatus(Phones[0], "Removed", null);
        await FlushAsync(first, one);
        second.OnContactStatus(Phones[0], "Reachable", TimeSpan.FromMilliseconds(1));
        await FlushAsync(second, two);
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));
        Assert.True(await two.Contacts.LoadAsync(second, default));
        await FlushAsync(second, two);
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));

        // It registers there again.
        await SnapshotAsync(second, two, Phones[0]);
        Assert.Equal(1L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task Node_is_free_when_its_follower_releases_it()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        var (store, _) = await OpenAsync(rig, "pbx1");
        Assert.Null(await NodeLease.TryAcquireAsync(rig.DataSource, "pbx1", TimeProvider.System, default));

        await store.DisposeAsync();

        await using var next = await NodeLease.TryAcquireAsync(rig.DataSource, "pbx1", TimeProvider.System, default);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task A_worker_whose_clock_is_wrong_keeps_times_on_the_databases_clock()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        var wrong = new SlowClock();
        await using var store = (await NodeLease.TryAcquireAsync(rig.DataSource, "pbx1", wrong, default))!;
        var tracker = new ContactTracker(wrong);
        await store.Contacts.LoadAsync(tracker, default);
        await store.HeartbeatAsync(true, null, default);
        tracker.BeginSnapshot();
        tracker.EndSnapshot(
            new() { [Phones[0]] = Seen() with { ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(wrong.GetUtcNow()
            .ToUnixTimeSeconds() + 60) } }, []);
        await FlushAsync(tracker, store);
        await rig.WriteStatusAsync();

        Assert.Equal(["online|True|True"], await rig.Database.RowsAsync("""
            select status, abs(extract(epoch from last_registered_at - now())) < 10,
              (select expires_at between now() + interval '50 seconds' and now() + interval '70 seconds' from pjsip_sync.contact)
            from extensions
            """));
        await store.Contacts.LoadAsync(tracker, default);
        Assert.True(tracker.DequeueChanges().IsEmpty);
    }

    [Fact]
    public async Task Unstorable_text_of_one_phone_is_dropped_and_affects_no_other()
    {
        await using var latin = await server.CreateDatabaseAsync("template0", "encoding latin1 lc_collate 'C' lc_ctype 'C'");
        await SyncRig.InstallAsync(latin, SyncRig.Read(latin), createExtensions: true);
        await using var rig = await SyncRig.OpenAsync(latin, SyncRig.Read(latin));
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        var strange = new ContactKey("1002", "sip:1002@192.0.2.9:5060");
        var monstrous = new ContactKey("1003", $"sip:{string.Concat(Enumerable.Range(0, 1500).Select(i => $"{i * 7919:x}"))}@192.0.2.9");
        tracker.BeginSnapshot();
        tracker.EndSnapshot(new()
        {
            [Phones[0]] = Seen("Phone 1.0"), [strange] = Seen("\u96fb\u8a71\0"), [monstrous] = Seen("x"), [Phones[1]] = Seen("Phone 2.0"),
        }, []);

        var refused = await store.Contacts.WriteAsync(tracker.DequeueChanges(), default);

        Assert.Equal(["1001|Phone 1.0", "1001|Phone 2.0", "1002|NULL"],
            await latin.RowsAsync("select endpoint, user_agent from pjsip_sync.contact order by 1, 2"));
        Assert.Equal(["1002", "1003"], refused.Distinct().Order());
        await store.DisposeAsync();

        static Contact Seen(string agent) =>
            new("NonQualified", null, null, agent, null, null, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(true, "offline")]
    [InlineData(false, "online")]
    public async Task Whether_an_unreachable_phone_is_offline_is_a_setting(bool unreachableIsOffline, string expected)
    {
        await using var rig = await SyncRig.CreateAsync(server, null, $"Asterisk:UnreachableIsOffline={unreachableIsOffline}");
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        tracker.OnContactStatus(Phones[0], "NonQualified", null);
        tracker.OnContactStatus(Phones[0], "Unreachable", null);
        await FlushAsync(tracker, store);
        await rig.WriteStatusAsync();

        Assert.Equal([expected], await rig.Database.RowsAsync("select status from extensions"));
        await store.DisposeAsync();
    }

    [Fact]
    public async Task An_address_may_be_of_either_kind_and_never_what_the_phone_claims()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        var key = new ContactKey("1001", "sip:1001@[2001:db8::7]:5060;transport=tcp;x-ast-orig-host=192.168.1.5:5060");
        tracker.BeginSnapshot();
        tracker.EndSnapshot(
            new() { [key] = Seen("10.0.0.1") with { Address = ContactUri.TryParse(key.Uri, out var uri) ? uri.Address : null } }, []);
        await FlushAsync(tracker, store);
        await rig.WriteStatusAsync();

        Assert.Equal(["online|2001:db8::7|10.0.0.1"], await rig.Database.RowsAsync("""
            select status, host(last_registered_ip), (select via_address from pjsip_sync.contact) from extensions
            """));
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Only_an_unfollowed_node_is_forgotten_after_a_long_absence()
    {
        await using var rig = await SyncRig.CreateAsync(server, null, "Asterisk:SnapshotInterval=00:00:01",
            "Asterisk:ForgetAfter=7.00:00:00");
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        var (gone, _) = await OpenAsync(rig, "gone");
        await gone.DisposeAsync();
        var (followed, _) = await OpenAsync(rig, "followed");
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, last_seen_at) values ('away', now() - interval '6 days');
            update pjsip_sync.node set last_seen_at = now() - interval '8 days' where name in ('gone', 'followed')
            """);
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at)
              values ('gone', '1001', 'sip:x', 'Reachable', now())
            """);
        using var stop = new CancellationTokenSource();
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);

        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);
        await Eventually.Equal("away,followed", () => rig.Database.ScalarAsync<string>("""
            select string_agg(name, ',' order by name) from pjsip_sync.node
            """)!);

        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        await followed.DisposeAsync();
    }

    private static async Task SnapshotAsync(ContactTracker tracker, NodeLease store, ContactKey key)
    {
        tracker.BeginSnapshot();
        tracker.EndSnapshot(new() { [key] = Seen() }, [], shared: true);
        await FlushAsync(tracker, store);
    }

    private sealed class SlowClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(-1);
    }
}
