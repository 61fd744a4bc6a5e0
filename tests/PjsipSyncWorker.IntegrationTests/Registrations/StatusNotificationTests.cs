using Npgsql;
using PjsipSyncWorker.IntegrationTests.Schema;
using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.IntegrationTests.Registrations.TrackedNode;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>What applications hear on the channels extension_status and extension_device_state.</summary>
public sealed class StatusNotificationTests(PostgresServer server)
{
    private static readonly string[] ImpossibleStates =
        ["online UNAVAILABLE", "online UNKNOWN", "online INVALID", "offline NOT_INUSE"];

    [Theory]
    [InlineData("extensions", "UNAVAILABLE contact NOT_INUSE", "online NOT_INUSE", "UNAVAILABLE NOT_INUSE")]
    [InlineData("extensions", "NOT_INUSE contact", "online NOT_INUSE", "UNAVAILABLE NOT_INUSE")]
    [InlineData("extensions", "contact UNAVAILABLE", "online -", "NOT_INUSE")]
    [InlineData("extensions", "UNAVAILABLE contact NOT_INUSE INUSE NOT_INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE",
        "UNAVAILABLE NOT_INUSE INUSE NOT_INUSE UNAVAILABLE")]
    [InlineData("extensions", "NOT_INUSE contact UNAVAILABLE gone", "online NOT_INUSE, offline UNAVAILABLE",
        "UNAVAILABLE NOT_INUSE UNAVAILABLE")]
    [InlineData("extensions", "INUSE contact gone ONHOLD UNAVAILABLE", "online INUSE, offline UNAVAILABLE", "INUSE ONHOLD UNAVAILABLE")]
    [InlineData("status table", "UNAVAILABLE contact NOT_INUSE RINGING INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE",
        "UNAVAILABLE NOT_INUSE RINGING INUSE UNAVAILABLE")]
    [InlineData("no device_state", "UNAVAILABLE contact NOT_INUSE gone UNAVAILABLE", "online NOT_INUSE, offline UNAVAILABLE", "")]
    public async Task Notifications_rows_and_view_agree_in_any_order_of_events(
        string table, string events, string statuses, string deviceStates)
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
        await rig.WriteStatusAsync();
        await using var listener = await StatusListener.OpenAsync(database);
        var sent = 0;

        foreach (var heardOfAsterisk in events.Split(' '))
        {
            if (heardOfAsterisk is "contact")
                tracker.OnContactStatus(Phones[0], "NonQualified", null);
            else if (heardOfAsterisk is "gone")
                tracker.OnContactStatus(Phones[0], "Removed", null);
            else
                tracker.OnDeviceState("1001", heardOfAsterisk);
            await FlushAsync(tracker, store);
            await rig.WriteStatusAsync();
            await database.ExecuteAsync($"notify extension_status, '{++sent}'");
            await Eventually.True(() => listener.Payloads.Contains($"{sent}"), "the end of the notifications");
            var row = await database.ScalarAsync<string>($"""
                select concat_ws(' ', status, device_state) from {(table is "status table" ? "status" : "extensions")} where number = '1001'
                """);
            var view = await database.ScalarAsync<string>("""
                select concat_ws(' ', status, device_state) from pjsip_sync.registration where number = '1001'
                """);
            Assert.DoesNotContain(view!, ImpossibleStates);
            if (table is "no device_state")
                continue;
            Assert.Equal(view, row);
            if (listener.Of("extension_device_state") is [.., var last])
                Assert.EndsWith($" {last.GetProperty("device_state")}", row, StringComparison.Ordinal);
        }

        Assert.Equal(statuses.Split(", "), listener.Of("extension_status").Select(heard =>
            $"{heard.GetProperty("status")} {heard.GetProperty("device_state").GetString() ?? "-"}"));
        var heardStates = listener.Of("extension_device_state");
        Assert.Equal(deviceStates, string.Join(' ', heardStates.Select(heard => heard.GetProperty("device_state"))));
        var previous = heardStates.Select(heard => heard.GetProperty("previous").GetString());
        Assert.Equal([.. deviceStates.Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(null).SkipLast(1)], previous);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Each_changed_device_state_of_a_batch_is_announced_once_in_its_transaction()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(2000, 2999) g");
        var (store, tracker) = await OpenAsync(rig, "pbx1");
        for (var number = 2000; number < 3000; number++)
            tracker.OnDeviceState($"{number}", "NOT_INUSE");
        await FlushAsync(tracker, store);
        await rig.WriteStatusAsync();
        await using var listener = await StatusListener.OpenAsync(rig.Database);
        await using var blocking = await rig.Database.OpenAsync();
        await using var locking = await blocking.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("select from extensions where number = '2007' for update", blocking, locking))
            await command.ExecuteNonQueryAsync();

        for (var number = 2000; number < 2010; number++)
            tracker.OnDeviceState($"{number}", "RINGING");
        await FlushAsync(tracker, store);
        await rig.WriteStatusAsync();
        await Eventually.True(() => listener.Payloads.Count >= 9, "the unlocked rows");
        Assert.DoesNotContain("2007", Numbers());
        await locking.RollbackAsync();
        await rig.WriteStatusAsync();
        await rig.WriteStatusAsync();
        await rig.Database.ExecuteAsync("notify extension_status, 'end'");

        await Eventually.True(() => listener.Payloads.Contains("end"), "the end");
        Assert.Equal(Enumerable.Range(2000, 10).Select(number => $"{number}"), Numbers().Order(StringComparer.Ordinal));
        Assert.Empty(listener.Of("extension_status"));
        await store.DisposeAsync();

        List<string> Numbers() => [.. listener.Of("extension_device_state").Select(heard => heard.GetProperty("number").GetString()!)];
    }

    [Fact]
    public async Task Announcement_fits_any_values_and_is_one_per_extension_and_flush()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions alter column status drop default, alter column status drop not null");
        await rig.ChangeAsync("""
            insert into extensions (number, password)
              values ('1001', 'x'), (repeat(chr(1), 9000), 'x'), (repeat('\"', 4000), 'x'), (repeat('é', 255), 'x')
            """);
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
        // An application's own value, and its trigger that runs in the worker's session.
        await rig.Database.ExecuteAsync("""
            update extensions set device_state = repeat('x', 9000) where number = '1001';
            create function disturb() returns trigger language plpgsql as $$ begin
              perform set_config('pjsip_sync.changed_numbers', E'numbers\n\n', true); return null; end $$;
            create trigger disturb after update on extensions for each statement execute function disturb()
            """);

        await rig.WriteStatusAsync();
        while (await listening.WaitAsync(500)) { }

        Assert.Equal(
            ["online|2", "offline|3"], await rig.Database.RowsAsync("select status, count(*) from extensions group by 1 order by 2"));
        Assert.All(heard, payload => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(payload), 1, 7999));
        Assert.Equal(1, heard.Count(payload => payload.Contains("\"1001\"", StringComparison.Ordinal)));
        Assert.Contains(heard, payload => payload.Contains(longest, StringComparison.Ordinal));
        await rig.WriteStatusAsync();
        Assert.False(await listening.WaitAsync(300));
        await store.DisposeAsync();
    }
}
