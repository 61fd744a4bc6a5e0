using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Tests.Verification;

/// <summary>How checks are made one after the other.</summary>
public sealed class CheckRunnerTests
{
    [Fact]
    public async Task A_check_that_never_ends_fails_at_its_limit_even_when_it_does_not_listen_to_cancellation()
    {
        var list = new CheckRunner(fix: false, _ => { });

        await list.RunAsync([new Check("deaf", _ => new TaskCompletionSource<CheckResult>().Task) { Limit = TimeSpan.FromMilliseconds(50),
            Advice = "shout" }], default);

        Assert.Equal((Outcome.Fail, "shout"), (list.Reports[0].Outcome, list.Reports[0].Advice));
        Assert.StartsWith("no answer within", list.Reports[0].Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_stands_on_a_failed_check_is_skipped_with_the_reason_and_so_is_what_stands_on_that()
    {
        var list = new CheckRunner(fix: false, _ => { });
        Check[] steps =
        [
            new("a", _ => Task.FromResult(CheckResult.Fail("broken", "mend it"))),
            new("b", _ => throw new InvalidOperationException("must not be asked")) { Requires = ["a"] },
            new("c", _ => throw new InvalidOperationException("must not be asked")) { Requires = ["b"] },
            new("d", _ => Task.FromResult(CheckResult.Pass("fine"))),
        ];

        await list.RunAsync(steps, default);

        Assert.Equal(["Fail", "Skip not looked at, since a failed", "Skip not looked at, since b was skipped", "Pass"],
            list.Reports.Select(check => check.Outcome == Outcome.Skip ? $"Skip {check.Found}" : check.Outcome.ToString()));
    }

    [Fact]
    public async Task A_check_that_breaks_fails_alone_and_the_others_are_made()
    {
        var list = new CheckRunner(fix: false, _ => { });

        await list.RunAsync([new Check("broken", _ => throw new InvalidOperationException("two\nlines")),
            new Check("whole", _ => Task.FromResult(CheckResult.Pass("fine")))], default);

        Assert.Equal((Outcome.Fail, "a fault of this program (InvalidOperationException): two\\x0Alines"),
            (list.Reports[0].Outcome, list.Reports[0].Found));
        Assert.Equal(Outcome.Pass, list.Reports[1].Outcome);
    }

    [Fact]
    public async Task One_node_that_fails_skips_nothing_of_another()
    {
        var list = new CheckRunner(fix: false, _ => { });
        await list.RunAsync(["pbx1", "pbx2"], node => node == "pbx1" ? CheckResult.Fail("refused", null) : CheckResult.Pass("in"));

        Assert.Equal([Outcome.Fail, Outcome.Skip, Outcome.Pass, Outcome.Pass], list.Reports.Select(check => check.Outcome));
    }

    [Fact]
    public async Task A_repair_is_followed_by_another_look_and_one_that_fails_keeps_what_was_found()
    {
        var broken = true;
        var list = new CheckRunner(fix: true, _ => { });

        await list.RunAsync(
        [
            new Check("mendable", _ => Task.FromResult(broken ? CheckResult.Fail("broken", "mend it") : CheckResult.Pass("whole")))
            {
                Fix = _ =>
                {
                    broken = false;
                    return Task.FromResult("glued");
                },
            },
            new Check("hopeless",
                _ => Task.FromResult(CheckResult.Fail("broken", "buy another"))) { Fix = _ => throw new TimeoutException("no glue") },
        ], default);

        Assert.Equal((Outcome.Pass, "whole", "glued"), (list.Reports[0].Outcome, list.Reports[0].Found, list.Reports[0].Fixed));
        Assert.Equal((Outcome.Fail, "broken; it could not be repaired: no glue", "buy another"),
            (list.Reports[1].Outcome, list.Reports[1].Found, list.Reports[1].Advice));
    }
}

file static class Extensions
{
    /// <summary>A login and what stands on it, for each node.</summary>
    public static async Task RunAsync(this CheckRunner list, string[] nodes, Func<string, CheckResult> login)
    {
        foreach (var node in nodes)
        {
            await list.RunAsync(
            [
                new Check("login", _ => Task.FromResult(login(node))) { Node = node },
                new Check("proof", _ => Task.FromResult(CheckResult.Pass("read"))) { Node = node, Requires = ["login"] },
            ], default);
        }
    }
}
