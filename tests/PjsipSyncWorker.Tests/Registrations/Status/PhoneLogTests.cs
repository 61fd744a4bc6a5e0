using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Tests.Diagnostics;

namespace PjsipSyncWorker.Tests.Registrations.Status;

/// <summary>Which phones went online and offline, in few lines.</summary>
public sealed class PhoneLogTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LogLines<PhoneLog> _log = new();
    private readonly PhoneLog _phones;

    public PhoneLogTests() => _phones = new PhoneLog(_time, _log);

    [Fact]
    public void First_changes_are_logged_soon_and_the_next_ones_together()
    {
        Change("1001", isOnline: true);
        Change("1004", isOnline: true);
        Assert.Empty(_log.Lines);
        _time.Advance(PhoneLog.Grouping);
        _phones.WriteIfDue();
        Change("1002", isOnline: true);
        Change("1007", isOnline: false);
        Change("1003", isOnline: true);
        Assert.Equal(["Information: 2 phones online (1001, 1004)"], _log.Lines);

        _time.Advance(PhoneLog.Interval);
        _phones.WriteIfDue();
        _time.Advance(PhoneLog.Interval);
        Change("1008", isOnline: false);
        _time.Advance(PhoneLog.Grouping);
        _phones.WriteIfDue();

        Assert.Equal(
        [
            "Information: 2 phones online (1001, 1004)", "Information: 2 phones online (1002, 1003), 1 offline (1007)",
            "Information: 1 phone offline (1008)",
        ], _log.Lines);
    }

    [Fact]
    public void A_phone_that_flaps_has_its_last_status()
    {
        Change("1001", isOnline: true);
        Change("1001", isOnline: false);
        Change("1001", isOnline: true);
        Change("1001", isOnline: false);
        _phones.Write();

        Assert.Equal(["Information: 1 phone offline (1001)"], _log.Lines);
    }

    [Fact]
    public void Ten_thousand_phones_in_a_minute_are_a_dozen_lines()
    {
        for (var i = 0; i < 10_000; i++)
        {
            Change($"{100_000 + i}", isOnline: true);
            _time.Advance(TimeSpan.FromMilliseconds(6));
        }
        _phones.Write();

        Assert.InRange(_log.Lines.Count, 12, 14);
        Assert.All(_log.Lines, line => Assert.InRange(line.Length, 1, 100));
        Assert.Equal(10_000, _log.Lines.Sum(line => int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)));
    }

    private void Change(string number, bool isOnline)
    {
        _phones.Add(number, isOnline);
        _phones.WriteIfDue();
    }
}
