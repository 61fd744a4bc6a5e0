using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Tests.Registrations.Announcements;

public sealed class LampWatchTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LampWatch _lamps;

    public LampWatchTests() => _lamps = new LampWatch(_time);

    [Fact]
    public void A_lamp_that_is_just_moving_is_not_judged()
    {
        Assert.False(_lamps.Update(["1001"]));
        Assert.True(_lamps.IsUndecided);
        _time.Advance(TimeSpan.FromSeconds(31));

        Assert.False(_lamps.Update([]));
        Assert.False(_lamps.IsUndecided);
        Assert.Empty(_lamps.Due);
    }

    [Fact]
    public void A_lamp_that_stays_wrong_is_judged()
    {
        _lamps.Update(["1001", "1002"]);
        _time.Advance(TimeSpan.FromSeconds(31));

        Assert.True(_lamps.Update(["1001", "1003"]));
        Assert.Equal(["1001"], _lamps.Due);
        Assert.Equal(1, _lamps.Confirm(["1001"]));
    }

    [Fact]
    public void Reload_without_effect_is_not_repeated_until_the_state_was_right()
    {
        Assert.Equal(1, WrongForLong());
        Assert.Equal(0, WrongForLong());

        _lamps.Update([]);

        Assert.Equal(1, WrongForLong());
    }

    private int WrongForLong()
    {
        _lamps.Update(["1001"]);
        _time.Advance(TimeSpan.FromSeconds(31));
        _lamps.Update(["1001"]);
        return _lamps.Confirm([.. _lamps.Due]);
    }
}
