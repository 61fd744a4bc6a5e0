using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Tests.Verification;

/// <summary>How checks are made one after the other.</summary>
public sealed class CheckListTests
{
    [Fact]
    public async Task Endless_check_fails_at_its_limit_even_if_it_ignores_cancellation()
    {
        var list = new CheckList(fix: false, _ => { });

        await list.RunAsync([new Step("deaf", _ => new TaskCompletionSource<Finding>().Task) { Limit = TimeSpan.FromMilliseconds(50),
            Advice = "shout" }], default);

        Assert.Equal((Outcome.Fail, "shout"), (list.Checks[0].Outcome, list.Checks[0].Advice));
        Assert.StartsWith("no answer within", list.Checks[0].Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checks_that_depend_on_a_failed_check_are_skipped_with_the_reason()
    {
        var list = new CheckList(fix: false, _ => { });
        Step[] steps =
        [
            new("a", _ => Task.FromResult(Finding.Fail("broken", "mend it"))),
            new("b", _ => throw new InvalidOperationException("must not be asked")) { Requires = ["a"] },
            new("c", _ => throw new InvalidOperationException("must not be asked")) { Requires = ["b"] },
            new("d", _ => Task.FromResult(Finding.Pass("fine"))),
        ];

        await list.RunAsync(steps, default);

        Assert.Equal(["Fail", "Skip not looked at, since a failed", "Skip not looked at, since b was skipped", "Pass"],
            list.Checks.Select(check => check.Outcome == Outcome.Skip ? $"Skip {check.Found}" : check.Outcome.ToString()));
    }

    [Fact]
    public async Task A_check_that_breaks_fails_alone_and_the_others_are_made()
    {
        var list = new CheckList(fix: false, _ => { });

        await list.RunAsync([new Step("broken", _ => throw new InvalidOperationException("two\nlines")),
            new Step("whole", _ => Task.FromResult(Finding.Pass("fine")))], default);

        Assert.Equal((Outcome.Fail, "a fault of this program (InvalidOperationException): two\\x0Alines"),
            (list.Checks[0].Outcome, list.Checks[0].Found));
        Assert.Equal(Outcome.Pass, list.Checks[1].Outcome);
    }

    [Fact]
    public async Task One_node_that_fails_skips_nothing_of_another()
    {
        var list = new CheckList(fix: false, _ => { });
        await list.RunAsync(["pbx1", "pbx2"], node => node == "pbx1" ? Finding.Fail("refused", null) : Finding.Pass("in"));

        Assert.Equal([Outcome.Fail, Outcome.Skip, Outcome.Pass, Outcome.Pass], list.Checks.Select(check => check.Outcome));
    }

    [Fact]
    public async Task Repair_is_checked_again_and_a_failed_repair_keeps_the_finding()
    {
        var broken = true;
        var list = new CheckList(fix: true, _ => { });

        await list.RunAsync(
        [
            new Step("mendable", _ => Task.FromResult(broken ? Finding.Fail("broken", "mend it") : Finding.Pass("whole")))
            {
                Fix = _ =>
                {
                    broken = false;
                    return Task.FromResult("glued");
                },
            },
            new Step("hopeless", _ => Task.FromResult(Finding.Fail("broken",
                "buy another"))) { Fix = _ => throw new TimeoutException("no glue") },
        ], default);

        Assert.Equal((Outcome.Pass, "whole", "glued"), (list.Checks[0].Outcome, list.Checks[0].Found, list.Checks[0].Fixed));
        Assert.Equal((Outcome.Fail, "broken; it could not be repaired: no glue", "buy another"),
            (list.Checks[1].Outcome, list.Checks[1].Found, list.Checks[1].Advice));
    }
}

file static class Extensions
{
    /// <summary>A login and what stands on it, for each node.</summary>
    public static async Task RunAsync(this CheckList list, string[] nodes, Func<string, Finding> login)
    {
        foreach (var node in nodes)
        {
            await list.RunAsync(
            [
                new Step("login", _ => Task.FromResult(login(node))) { Node = node },
                new Step("proof", _ => Task.FromResult(Finding.Pass("read"))) { Node = node, Requires = ["login"] },
            ], default);
        }
    }
}
