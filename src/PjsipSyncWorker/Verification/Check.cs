namespace PjsipSyncWorker.Verification;

/// <summary>How a check ended.</summary>
internal enum Outcome
{
    Pass,

    /// <summary>It works, but somebody should look at it.</summary>
    Warn,

    Fail,

    /// <summary>It could not be made, because an earlier one failed.</summary>
    Skip,
}

/// <summary>What a check found, and what a person can do about it.</summary>
internal readonly record struct Finding(Outcome Outcome, string Found, string? Advice)
{
    public static Finding Pass(string found) => new(Outcome.Pass, found, null);

    public static Finding Warn(string found, string advice) => new(Outcome.Warn, found, advice);

    public static Finding Fail(string found, string? advice) => new(Outcome.Fail, found, advice);
}

/// <summary>A check that was made.</summary>
/// <param name="Name">Stable, for machines: <c>database.triggers</c>.</param>
/// <param name="Node">The Asterisk it is about, as <c>Asterisk:Nodes:*:Name</c> has it.</param>
/// <param name="Found">One line; never a secret.</param>
/// <param name="Advice">What to do, unless there is nothing to do.</param>
/// <param name="Fixed">What <c>--fix</c> did before it was looked at again.</param>
internal sealed record Check(string Name, string? Node, Outcome Outcome, string Found, string? Advice, string? Fixed);

/// <summary>A check to make.</summary>
/// <param name="Look">Looks, and may throw what a server answers.</param>
internal sealed record Step(string Name, Func<CancellationToken, Task<Finding>> Look)
{
    public string? Node { get; init; }

    /// <summary>Checks (of the same node, or of none) without which this one means nothing.</summary>
    public string[] Requires { get; init; } = [];

    /// <summary>What to do when looking itself fails.</summary>
    public string Advice { get; init; } = "Run it again; if it stays so, see that server's own log (for a lock: pg_locks and pg_stat_activity)";

    /// <summary>Repairs what is ours to repair and says what it did.</summary>
    public Func<CancellationToken, Task<string>>? Fix { get; init; }

    /// <summary>The longest it may take; a check that waits for a server ends in time.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(10);
}
