using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Asterisk;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Tests.Ami;

namespace PjsipSyncWorker.Tests.Registrations;

public sealed class ClockOffsetTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Network_delay_is_no_clock_offset()
    {
        var clock = new ClockOffset(_time);

        foreach (var delay in new[] { 0.9, -1.9, 1.5 })
            clock.Observe(_time.GetUtcNow().AddSeconds(delay));

        Assert.Equal(TimeSpan.Zero, clock.Offset);
    }

    [Fact]
    public void Clock_offset_is_kept_until_it_clearly_differs()
    {
        var clock = new ClockOffset(_time);

        clock.Observe(_time.GetUtcNow().AddSeconds(90.4));
        clock.Observe(_time.GetUtcNow().AddSeconds(91.2));
        Assert.Equal(TimeSpan.FromSeconds(90), clock.Offset);
        Assert.Equal(_time.GetUtcNow(), clock.ToLocal(clock.ToRemote(_time.GetUtcNow())));

        clock.Observe(_time.GetUtcNow().AddSeconds(0.1));
        Assert.Equal(TimeSpan.Zero, clock.Offset);
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task Expiry_on_a_wrong_clock_of_asterisk_is_right_on_ours(int wrong)
    {
        var asterisks = _time.GetUtcNow().AddSeconds(wrong);
        await using var ami = new FakeAmi
        {
            Answer = action => action.Name switch
            {
                "Ping" => FakeAmi.Success(action, $"Ping: Pong\r\nTimestamp: {asterisks.ToUnixTimeSeconds()}.250000\r\n"),
                "PJSIPShowContacts" => FakeAmi.Success(action, "EventList: start\r\n")
                    + $"Event: ContactList\r\nActionID: {action.Id}\r\nObjectName: 1001;@0\r\nUri: "
                        + $"sip:1001@192.0.2.1\r\nExpirationTime: {asterisks.ToUnixTimeSeconds() + 120}\r\nStatus: Reachable\r\n\r\n"
                    + $"Event: ContactListComplete\r\nActionID: {action.Id}\r\nEventList: Complete\r\n\r\n",
                "DeviceStateList" => FakeAmi.Success(action, "EventList: start\r\n")
                    + $"Event: DeviceStateListComplete\r\nActionID: {action.Id}\r\nEventList: Complete\r\n\r\n",
                _ => FakeAmi.Success(action),
            },
        };
        await using var connection = await AmiConnection.ConnectAsync(ami.Options(), new EventLog(), NullLogger.Instance, _time,
            TestContext.Current.CancellationToken);
        var tracker = new ContactTracker(_time);

        var reader = new SnapshotReader(connection, systemName: null, _time);
        await reader.ReadAsync(
            tracker, new FixedContacts(connection, _time), (_, _) => Task.FromResult(true), () => { },
                TestContext.Current.CancellationToken);

        Assert.Equal(_time.GetUtcNow().AddSeconds(120), Assert.Single(tracker.DequeueChanges().Contacts).Contact.ExpiresAt);
    }
}
