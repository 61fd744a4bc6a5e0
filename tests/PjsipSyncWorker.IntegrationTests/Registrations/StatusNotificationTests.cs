using Npgsql;
using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.IntegrationTests.Registrations.TrackedNode;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>What applications hear on the channel extension_status.</summary>
public sealed class StatusNotificationTests(PostgresServer server)
{
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
        await rig.WriteStatusAsync();
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
            await rig.WriteStatusAsync();
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
