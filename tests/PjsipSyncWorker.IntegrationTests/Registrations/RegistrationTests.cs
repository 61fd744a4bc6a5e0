using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Nodes;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>From what was heard of the phones to the status in the application's table.</summary>
public sealed class RegistrationTests(PostgresServer server)
{
    private static readonly ContactKey[] Phones = [.. Enumerable.Range(1, 3)
        .Select(i => new ContactKey("1001", $"sip:1001@192.0.2.{i}:5060"))];

    [Fact]
    public async Task Three_contacts_in_every_order_give_the_status_that_a_model_gives()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        await using var store = (await NodeLease.TryAcquireAsync(rig.DataSource, "pbx1", TimeProvider.System, default))!;
        await store.Contacts.LoadAsync(new ContactTracker(TimeProvider.System), default);
        await rig.Database.ExecuteAsync("update pjsip_sync.node set last_seen_at = 'infinity'");

        await Gen.Int[0, 3 * Enum.GetValues<Step>().Length - 1].Array[1, 20].SampleAsync(async walk =>
        {
            await rig.Database.ExecuteAsync(
                "delete from pjsip_sync.contact; update extensions set status = 'offline', last_registered_ip = null");
            var model = new Model(new ContactTracker(TimeProvider.System));
            await store.Contacts.LoadAsync(model.Book, default);
            model.Snapshot();
            foreach (var step in walk)
            {
                model.Take((Step)(step / 3), Phones[step % 3]);
                var changes = model.Book.DequeueChanges();
                await store.Contacts.WriteAsync(changes, default);
                model.Book.Acknowledge(changes);
                await rig.ProjectAsync();
                Assert.Equal([model.Expected], await rig.Database.RowsAsync("select status, coalesce(host(last_registered_ip), '-'), (select contacts from pjsip_sync.registration) from extensions"));
            }
        }, iter: 60, threads: 1);
    }

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
        await rig.ProjectAsync();

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
        await rig.ProjectAsync();

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
        await rig.ProjectAsync();

        Assert.Equal(["online|2001:db8::7|10.0.0.1"], await rig.Database.RowsAsync("select status, host(last_registered_ip), (select via_address from pjsip_sync.contact) from extensions"));
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
        await rig.Database.ExecuteAsync("insert into pjsip_sync.node (name, last_seen_at) values ('away', now() - interval '6 days'); update pjsip_sync.node set last_seen_at = now() - interval '8 days' where name in ('gone', 'followed')");
        await rig.Database.ExecuteAsync("insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) values ('gone', '1001', 'sip:x', 'Reachable', now())");
        using var stop = new CancellationTokenSource();
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);

        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);
        await Eventually.Equal("away,followed", () => rig.Database.ScalarAsync<string>("select string_agg(name, ',' order by name) from pjsip_sync.node")!);

        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        await followed.DisposeAsync();
    }

    /// <summary>
    /// What an application may do that keeps its own rows from being updated: what makes it so, what ends it, how many it concerns, and
    /// what is said.
    /// </summary>
    public static TheoryData<string, string, int, string> Unwritable => new()
    {
        { $"{Forbid} create trigger forbid before update on extensions for each row when (new.number = '1500') execute function forbid()", "drop trigger forbid on extensions", 1, "its status cannot be written: not 1500 with *** and \"***\", in forbid() line 1 at RAISE" },
        { $"{Forbid} create constraint trigger forbid after update on extensions deferrable initially deferred for each row when (new.number in ('1000', '1001', '1999')) execute function forbid()", "drop trigger forbid on extensions", 3, "with ***" },
        { "alter table extensions add constraint long_passwords check (length(password) >= 5) not valid", "alter table extensions drop constraint long_passwords", 10, "its status cannot be written: extensions violates the constraint long_passwords" },
        { "alter table extensions add constraint none check (false) not valid", "alter table extensions drop constraint none", 1000,
            "its status cannot be written: extensions violates the constraint none" },
        { $"{Forbid} create trigger forbid before update on extensions for each row execute function forbid()",
            "drop trigger forbid on extensions", 1000, "with ***" },
        { "create table audit (number text primary key); insert into audit values ('1500'); create function note() returns trigger language plpgsql as $$ begin insert into audit values (new.number); return new; end $$; create trigger note after update of status on extensions for each row when (new.number = '1500') execute function note()", "drop trigger note on extensions", 1, "its status cannot be written: audit violates the constraint audit_pkey, in note() line 1 at SQL statement" },
        { "create function note() returns trigger language plpgsql as 'begin perform nosuch(); return new; end'; create trigger note before update on extensions for each row when (new.number = '1500') execute function note()", "drop trigger note on extensions", 1, "its status cannot be written: the database refuses it (SQLSTATE 42883), in note() line 1 at PERFORM" },
        { "create function note() returns trigger language plpgsql as $$ begin raise exception using errcode = '08001', message = 'the other server is away'; end $$; create trigger note before update on extensions for each row when (new.number = '1500') execute function note()", "drop trigger note on extensions", 1, "its status cannot be written: the database refuses it (SQLSTATE 08001), in note() line 1 at RAISE" },
        { "create function note() returns trigger language plpgsql as $$ begin raise exception using errcode = 'XX000'; end $$; create trigger note before update on extensions for each row when (new.number = '1500') execute function note()", "drop trigger note on extensions", 1, "its status cannot be written: the database refuses it (SQLSTATE XX000), in note() line 1 at RAISE" },
    };

    private const string Forbid = "create function forbid() returns trigger language plpgsql as $$ begin raise exception 'not % with % and %', new.number, new.password, to_json(new.password); end $$;";

    [Theory]
    [MemberData(nameof(Unwritable))]
    public async Task A_row_that_cannot_be_updated_costs_no_other_its_status_and_is_named(string cause, string end, int rows, string reason)
    {
        await using var rig = await SyncRig.CreateAsync(server);
        // One of them is no phone, for a reason of its own.
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, case when g % 100 = 0 then 'se\"s' else 'sesame' end from generate_series(1000, 1999) g; insert into extensions (number, password) values ('10 00', 'sesame')");
        await rig.Database.ExecuteAsync(
            "insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now() + interval '1 hour')");
        await rig.Database.ExecuteAsync(cause);
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);
        using var stop = new CancellationTokenSource();
        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);

        await rig.Database.ExecuteAsync("insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at) select 'pbx1', id, 'sip:x', 'Reachable', now() from pjsip_sync.managed_endpoint");
        statusWriter.EnqueueAll();
        await Eventually.Equal(1000L - rows, () => CountAsync("online"));
        await Eventually.Equal((long)rows, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"));
        Assert.Contains(reason, await rig.Database.ScalarAsync<string>("select reason from pjsip_sync.status_rejected order by id limit 1"),
            StringComparison.Ordinal);
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected where reason like '%sesame%' or reason like '%se\"%'"));
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(rig.Settings), "registrations.status", Outcome.Warn, reason);
        Assert.Equal((long)rows, (await Overview.TryReadAsync(rig.DataSource, default))!.StatusRejected);

        // The others go on, and neither loop clears what the other rejects.
        var begun = System.Diagnostics.Stopwatch.StartNew();
        await rig.Database.ExecuteAsync("delete from pjsip_sync.contact where endpoint between '1100' and '1199'");
        statusWriter.Enqueue(Enumerable.Range(1100, 100).Select(number => $"{number}"));
        await Eventually.Equal(0L, () => rig.Database.ScalarAsync<long>("select count(*) from extensions x where status = 'online' and number between '1100' and '1199' and not exists (select from pjsip_sync.status_rejected r where r.id = number)"));
        await Measurements.RecordAsync($"status of others beside {rows} rows that cannot be updated", begun.Elapsed);
        await rig.ReconcileAsync(force: true);
        Assert.Equal(["10 00"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));

        await rig.Database.ExecuteAsync(end);
        await Eventually.Equal(0L, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"),
            TimeSpan.FromSeconds(40));
        await Eventually.Equal(900L, () => CountAsync("online"));
        Assert.Equal(["10 00"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);

        Task<long> CountAsync(string status) => rig.Database.ScalarAsync<long>("select count(*) from extensions where status = $1", status);
    }

    [Fact]
    public async Task Row_whose_trigger_waits_for_a_lock_is_retried_and_delays_no_other()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g");
        await rig.Database.ExecuteAsync("""
            create table company (id int primary key, busy int); insert into company values (1, 0);
            create function note() returns trigger language plpgsql as 'begin update public.company set busy = busy + 1; return new; end';
            create trigger note before update on extensions for each row when (new.number = '1050') execute function note();
            update extensions set status = 'online';
            """);
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);
        using var stop = new CancellationTokenSource();
        await using var holder = await rig.Database.OpenAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("update company set busy = 1", holder))
            await hold.ExecuteNonQueryAsync();

        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);
        await Eventually.Equal("1050", () => rig.Database.ScalarAsync<string>("select string_agg(number, ',') from extensions where status = 'online'"));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"));
        await holding.RollbackAsync();
        await Eventually.Equal(100L, () => rig.Database.ScalarAsync<long>("select count(*) from extensions where status = 'offline'"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Theory]
    [InlineData("extensions", "UNAVAILABLE contact NOT_INUSE", "online NOT_INUSE")]
    [InlineData("extensions", "NOT_INUSE contact", "online NOT_INUSE")]
    [InlineData("extensions", "contact", "online -")]
    [InlineData("extensions", "UNAVAILABLE contact NOT_INUSE INUSE NOT_INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE")]
    [InlineData("extensions", "NOT_INUSE contact UNAVAILABLE gone", "online NOT_INUSE, offline UNAVAILABLE")]
    [InlineData("extensions", "INUSE contact gone UNAVAILABLE", "online INUSE, offline UNAVAILABLE")]
    [InlineData("status table", "UNAVAILABLE contact NOT_INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE")]
    [InlineData("no device_state", "UNAVAILABLE contact NOT_INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE")]
    public async Task Last_notification_of_a_phone_is_right_in_any_order_of_events(string table, string events, string announced)
    {
        string[] settings = table switch
        {
            "status table" => ["Source:StatusTable=status"],
            "no device_state" => ["Source:Columns:DeviceState=null"],
            _ => [],
        };
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table status (number text primary key, status text, device_state text)");
        await SyncRig.InstallAsync(database, SyncRig.Read(database, settings), createExtensions: true);
        await using var rig = await SyncRig.OpenAsync(database, SyncRig.Read(database, settings));
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        await rig.ProjectAsync();
        await using var listening = await rig.Database.OpenAsync();
        var heard = new List<string>();
        listening.Notification += (_, notification) =>
        {
            using var payload = System.Text.Json.JsonDocument.Parse(notification.Payload);
            heard.Add($"{payload.RootElement.GetProperty("status")} {payload.RootElement.GetProperty("device_state").GetString() ?? "-"}");
        };
        await using (var listen = new NpgsqlCommand("listen extension_status", listening))
            await listen.ExecuteNonQueryAsync();

        foreach (var heardOfAsterisk in events.Split(' '))
        {
            if (heardOfAsterisk is "contact")
                tracker.OnContactStatus(Phones[0], "NonQualified", null);
            else if (heardOfAsterisk is "gone")
                tracker.OnContactStatus(Phones[0], "Removed", null);
            else
                tracker.OnDeviceState("1001", heardOfAsterisk);
            await FlushAsync(tracker, store);
            await rig.ProjectAsync();
        }

        while (await listening.WaitAsync(300)) { }
        Assert.Equal(announced.Split(", "), heard);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Announcement_fits_any_values_and_is_one_per_extension_and_flush()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions alter column status drop default, alter column status drop not null");
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x'), (repeat(chr(1), 9000), 'x'), (repeat('\\\"', 4000), 'x'), (repeat('é', 255), 'x')");
        var longest = new string('9', 40);
        await rig.ChangeAsync("insert into extensions (number, password) values ($1, 'x')", longest);
        await using var listening = await rig.Database.OpenAsync();
        var heard = new List<string>();
        listening.Notification += (_, notification) => heard.Add(notification.Payload);
        await using (var listen = new NpgsqlCommand("listen extension_status", listening))
            await listen.ExecuteNonQueryAsync();
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        foreach (var phone in Phones)
            tracker.OnContactStatus(phone, "NonQualified", null);
        tracker.OnContactStatus(new ContactKey(longest, $"sip:{longest}@[2001:db8:1111:2222:3333:4444:5555:6666]"), "NonQualified", null);
        tracker.OnDeviceState("1001", "NOT_INUSE");
        await FlushAsync(tracker, store);

        await rig.ProjectAsync();
        while (await listening.WaitAsync(500)) { }

        Assert.Equal(
            ["online|2", "offline|3"], await rig.Database.RowsAsync("select status, count(*) from extensions group by 1 order by 2"));
        Assert.All(heard, payload => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(payload), 1, 7999));
        Assert.Equal(1, heard.Count(payload => payload.Contains("\"1001\"", StringComparison.Ordinal)));
        Assert.Contains(heard, payload => payload.Contains(longest, StringComparison.Ordinal));
        await rig.ProjectAsync();
        Assert.False(await listening.WaitAsync(300));
        await store.DisposeAsync();
    }

    private static async Task<(NodeLease Store, ContactTracker Book)> OpenAsync(SyncRig rig, string node, bool shared = false)
    {
        var store = (await NodeLease.TryAcquireAsync(rig.DataSource, node, TimeProvider.System, default))!;
        var tracker = new ContactTracker(TimeProvider.System);
        await store.Contacts.LoadAsync(tracker, default);
        await store.HeartbeatAsync(true, null, default);
        tracker.BeginSnapshot();
        tracker.EndSnapshot([], [], shared);
        return (store, tracker);
    }

    private static async Task FlushAsync(ContactTracker tracker, NodeLease store)
    {
        var changes = tracker.DequeueChanges();
        await store.Contacts.WriteAsync(changes, default);
        tracker.Acknowledge(changes);
    }

    private static async Task SnapshotAsync(ContactTracker tracker, NodeLease store, ContactKey key)
    {
        tracker.BeginSnapshot();
        tracker.EndSnapshot(new() { [key] = Seen() }, [], shared: true);
        await FlushAsync(tracker, store);
    }

    private static Contact Seen(string? viaAddress = null) =>
        new("Reachable", null, viaAddress, null, null, DateTimeOffset.UtcNow.AddMinutes(5), DateTimeOffset.UtcNow);

    private sealed class SlowClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(-1);
    }

    private enum Step { Register, Refresh, Miss, Answer, Expire, Remove, Snapshot }

    /// <summary>
    /// Asterisk as it is: which phones are registered, which answer, which have expired; and the tracker that hears of it.
    /// </summary>
    private sealed class Model(ContactTracker tracker)
    {
        private readonly Dictionary<ContactKey, Phone> _phones = [];
        private int _clock;

        private readonly record struct Phone(string Status, DateTimeOffset Expires, int RegisteredAt);

        public ContactTracker Book => tracker;

        public string Expected
        {
            get
            {
                var live = _phones.Where(phone => phone.Value.Status != "Unreachable" && phone.Value.Expires > DateTimeOffset.UtcNow)
                    .OrderByDescending(phone => phone.Value.RegisteredAt).ToList();
                LastAddress = live.Count > 0 ? live[0].Key.Uri[9..][..9] : LastAddress;
                return $"{(live.Count > 0 ? "online" : "offline")}|{LastAddress}|{live.Count}";
            }
        }

        private string LastAddress { get; set; } = "-";

        public void Take(Step step, ContactKey key)
        {
            var there = _phones.TryGetValue(key, out var phone);
            // What has expired is not asked any more.
            var alive = there && phone.Expires > DateTimeOffset.UtcNow;
            var fresh = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1000 + ++_clock);
            switch (step)
            {
                case Step.Register when !there:
                    Hear(key, new Phone("NonQualified", fresh, _clock), "NonQualified");
                    break;
                case Step.Register or Step.Refresh when there:
                    Hear(key, phone with { Expires = fresh, RegisteredAt = _clock }, "Updated");
                    break;
                case Step.Miss when alive:
                    Hear(key, phone with { Status = "Unreachable" }, "Unreachable");
                    break;
                case Step.Answer when alive:
                    Hear(key, phone with { Status = "Reachable" }, "Reachable");
                    break;
                case Step.Expire when there:
                    // No event tells of the time that passed; the snapshot before said when it would.
                    _phones[key] = phone with { Expires = DateTimeOffset.FromUnixTimeSeconds(
                        DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 1) };
                    Snapshot();
                    break;
                case Step.Remove when there:
                    _phones.Remove(key);
                    tracker.OnContactStatus(key, "Removed", null);
                    break;
                case Step.Snapshot:
                    Snapshot();
                    break;
            }
        }

        public void Snapshot()
        {
            tracker.BeginSnapshot();
            tracker.EndSnapshot(_phones.ToDictionary(phone => phone.Key, phone => Seen() with
            {
                Status = phone.Value.Status,
                Address = ContactUri.TryParse(phone.Key.Uri, out var uri) ? uri.Address : null,
                ExpiresAt = phone.Value.Expires,
            }), []);
        }

        private void Hear(ContactKey key, Phone phone, string status)
        {
            _phones[key] = phone;
            tracker.OnContactStatus(key, status, null);
        }
    }
}
