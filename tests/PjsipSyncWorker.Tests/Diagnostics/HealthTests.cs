using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;

namespace PjsipSyncWorker.Tests.Diagnostics;

/// <summary>What the loops say, and what is made of it.</summary>
public sealed class HealthTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Health _health;

    public HealthTests() => _health = new Health(_time);

    [Fact]
    public void Daemon_has_started_when_every_part_reported()
    {
        var (sync, node) = (_health.Begin("sync"), _health.Begin("Asterisk pbx1"));
        Assert.False(_health.Started);
        sync.Report(null, Second);
        Assert.False(_health.Started);

        node.Report("connection refused", Second);

        Assert.True(_health.Started);
        Assert.False(_health.Ready);
        Assert.Equal("sync: ok\nAsterisk pbx1: connection refused\n", HealthText.Lines(_health.Parts));
    }

    [Fact]
    public void Part_that_rests_as_announced_is_not_stuck()
    {
        var part = _health.Begin("sync");
        part.Report(null, TimeSpan.FromHours(1));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(_health.Alive);

        _time.Advance(HealthPart.Patience + Second);
        Assert.False(_health.Alive);
        Assert.False(_health.Ready);
        Assert.Contains("stuck", HealthText.Lines(_health.Parts), StringComparison.Ordinal);
    }

    [Fact]
    public void Part_that_retries_in_vain_is_alive_but_not_ready()
    {
        var part = _health.Begin("sync");
        for (var i = 0; i < 100; i++)
        {
            part.Report("connection refused", Second);
            _time.Advance(HealthPart.Patience);
            Assert.True(_health.Alive);
            Assert.False(_health.Ready);
        }
    }

    [Fact]
    public void Progress_keeps_a_part_alive_and_a_problem_until_a_pass_completes()
    {
        var part = _health.Begin("sync");
        part.Report("connection refused", Second);
        for (var i = 0; i < 10; i++)
        {
            part.Progress();
            _time.Advance(HealthPart.Patience);
        }
        Assert.True(_health.Alive);
        Assert.Equal("connection refused", part.Trouble);

        part.Report(null, Second);

        Assert.True(_health.Ready);
    }

    [Fact]
    public void Part_that_waits_for_another_is_never_stuck()
    {
        _health.Begin("Asterisk pbx1").Report("waiting until Asterisk has fully booted", Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromDays(30));
        Assert.True(_health.Alive);
    }

    [Fact]
    public void The_status_line_shows_what_is_wrong_then_the_numbers_then_the_nodes()
    {
        var (sync, one, two) = (_health.Begin("sync"), _health.Begin("Asterisk pbx1", isNode: true),
            _health.Begin("Asterisk pbx2", isNode: true));
        sync.Report(null, Second);
        one.Report(null, Second);
        two.Report("connection\nrefused", Second);

        Assert.Equal("Asterisk pbx2: connection refused; 1000 endpoints, 812 online, 2 rejected; no change waits; Asterisk pbx1 connected",
            HealthText.Line(_health.Parts, new Overview(1000, 812, 2, 0)));
        Assert.Contains("more than 100000 changes wait, 7 s at most",
            HealthText.Line(_health.Parts, new Overview(1000, 812, 2,
                Overview.MostCounted) { OldestWait = 7 * Second }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_keeps_failing_never_looks_well_in_between()
    {
        var part = _health.Begin("Asterisk pbx1");
        part.Fail("refused", Second);
        using var end = new CancellationTokenSource();
        var failing = Task.Run(() =>
        {
            for (var i = 0; !end.IsCancellationRequested; i++)
                part.Fail($"refused {i % 2}", Second);
        }, TestContext.Current.CancellationToken);

        var looksWell = Enumerable.Range(0, 1_000_000).Count(_ => part.FailingSince is null);
        await end.CancelAsync();
        await failing;

        Assert.Equal(0, looksWell);
    }
}
