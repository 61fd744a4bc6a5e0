namespace PjsipSyncWorker.Verification;

/// <summary>How a check ended.</summary>
internal enum Outcome
{
    Pass,

    /// <summary>It works, but a person should look at it.</summary>
    Warn,

    Fail,

    /// <summary>The check was not run, because a check that it requires failed.</summary>
    Skip,
}

/// <summary>What a check found, and what a person can do about it. One line each; never a secret.</summary>
/// <param name="Advice">Null when there is nothing to do.</param>
internal readonly record struct CheckResult(Outcome Outcome, string Found, string? Advice)
{
    public static CheckResult Pass(string found) => new(Outcome.Pass, found, null);

    public static CheckResult Warn(string found, string advice) => new(Outcome.Warn, found, advice);

    public static CheckResult Fail(string found, string? advice) => new(Outcome.Fail, found, advice);
}

/// <summary>A check that was run, or skipped. <c>--json</c> prints it.</summary>
/// <param name="Name">Stable, for machines: <c>database.triggers</c>.</param>
/// <param name="Node">Name of the Asterisk node that the check is about; null for none.</param>
/// <param name="Found">One line; never a secret.</param>
/// <param name="Advice">What to do; null when there is nothing to do.</param>
/// <param name="Fixed">What <c>--fix</c> repaired before the check ran again; null when it repaired nothing.</param>
internal sealed record CheckReport(string Name, string? Node, Outcome Outcome, string Found, string? Advice, string? Fixed)
{
    /// <summary>The check that failed, so that this one was skipped; null when this one was not skipped.</summary>
    public CheckReport? SkippedFor { get; init; }

    /// <summary>Name and node, as a person reads them.</summary>
    public string Title => Node is null ? Name : $"{Name} [{Node}]";
}

/// <summary>A check that can be run.</summary>
/// <param name="Name">Stable, for machines: <c>database.triggers</c>. The documents list each name; a test compares.</param>
/// <param name="Run">Looks, and changes nothing. It may throw what a server answers; the check then fails with that message.</param>
internal sealed record Check(string Name, Func<CancellationToken, Task<CheckResult>> Run)
{
    /// <summary>The advice when a check throws and has none of its own.</summary>
    private const string GeneralAdvice =
        "Run it again; if it stays so, see that server's own log (for a lock: pg_locks and pg_stat_activity)";

    /// <summary>Name of the Asterisk node that the check is about; null for none.</summary>
    public string? Node { get; init; }

    /// <summary>Names of checks, of the same node or of none, without which the result would mean nothing.</summary>
    public string[] Requires { get; init; } = [];

    /// <summary>The advice when <see cref="Run"/> throws.</summary>
    public string Advice { get; init; } = GeneralAdvice;

    /// <summary>Repairs what the worker may repair, and returns what it did; null when only a person can repair it.</summary>
    public Func<CancellationToken, Task<string>>? Fix { get; init; }

    /// <summary>The longest that <see cref="Run"/> may take. It fails then, so that no server holds up the other checks.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(10);
}
