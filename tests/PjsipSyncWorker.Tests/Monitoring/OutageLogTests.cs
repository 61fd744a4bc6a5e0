using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;
using PjsipSyncWorker.Tests.Diagnostics;

namespace PjsipSyncWorker.Tests.Monitoring;

/// <summary>What the log says of a server that stays away.</summary>
public sealed class OutageLogTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 0, 41, 7, TimeSpan.Zero));
    private readonly LogLines<OutageLog> _log = new();
    private readonly HealthPart _sync;
    private readonly HealthPart _status;
    private readonly HealthPart _node;
    private readonly OutageLog _outages;

    public OutageLogTests()
    {
        var health = new Health(_time);
        (_sync, _status, _node) = (health.Begin("sync"), health.Begin("status"), health.Begin("Asterisk pbx1", isNode: true));
        _outages = new OutageLog(health, _time, _log);
    }

    [Fact]
    public void A_database_that_is_away_has_a_line_every_minute_and_one_when_it_is_back()
    {
        Pass(150, () => (Fail(_sync), Fail(_status)));
        Assert.Equal(
        [
            "Warning: Still away after 1 min 0 s, since 2026-11-27T00:41:07Z: the database (sync, status): refused",
            "Warning: Still away after 2 min 0 s, since 2026-11-27T00:41:07Z: the database (sync, status): refused",
        ], _log.Lines);
        _log.Lines.Clear();

        Pass(1, () => (Well(_sync), Fail(_status)));
        Assert.Empty(_log.Lines);
        Pass(60, () => (Well(_sync), Well(_status)));

        Assert.Equal(["Information: Back after 2 min 31 s: the database"], _log.Lines);
    }

    [Fact]
    public void An_Asterisk_has_lines_of_its_own()
    {
        Pass(61, () => (Well(_sync), Fail(_node)));
        Pass(1, () => (Well(_sync), Well(_node)));

        Assert.Equal(
        [
            "Warning: Still away after 1 min 0 s, since 2026-11-27T00:41:07Z: Asterisk pbx1: refused",
            "Information: Back after 1 min 1 s: Asterisk pbx1",
        ], _log.Lines);
    }

    [Fact]
    public void A_server_that_comes_and_goes_has_one_line_a_minute()
    {
        for (var i = 0; i < 60; i++)
        {
            Pass(3, () => (Well(_sync), Fail(_node)));
            Pass(3, () => (Well(_sync), Well(_node)));
        }

        Assert.InRange(_log.Lines.Count, 5, 7);
    }

    [Fact]
    public void A_problem_that_is_no_outage_has_no_line()
    {
        Pass(300, () => (true, Report(_sync, "9 of 10 endpoints have no active extension any more")));

        Assert.Empty(_log.Lines);
    }

    public void Dispose() => _outages.Dispose();

    private void Pass(int seconds, Func<(bool, bool)> report)
    {
        for (var i = 0; i < seconds; i++)
        {
            report();
            _outages.Look();
            _time.Advance(Second);
        }
    }

    private static bool Fail(HealthPart part)
    {
        part.Fail("refused", Second);
        return true;
    }

    private static bool Well(HealthPart part) => Report(part, null);

    private static bool Report(HealthPart part, string? problem)
    {
        part.Report(problem, Second);
        return true;
    }
}
