namespace PjsipSyncWorker.Diagnostics;

/// <summary>
/// The state of both loops, as their parts report it. systemd, <c>/healthz</c> and <c>/readyz</c> read nothing else. Thread-safe.
/// </summary>
internal sealed class Health(TimeProvider time)
{
    private readonly Lock _lock = new();
    private HealthPart[] _parts = [];

    /// <summary>Set when a part begins, or reports something else than before.</summary>
    public Signal Changed { get; } = new();

    /// <summary>Set when the numbers that people look at may have changed: extensions, waiting changes, phones that are online.</summary>
    public Signal NumbersChanged { get; } = new();

    /// <summary>Every part that has begun, in that order.</summary>
    public IReadOnlyList<HealthPart> Parts => Volatile.Read(ref _parts);

    /// <summary>Whether every part has reported once, either success or a problem.</summary>
    public bool Started => Parts.All(part => part.HasReported);

    /// <summary>Whether no part is stuck. A part that waits for an absent server is not stuck, as long as it keeps trying.</summary>
    public bool Alive => !Parts.Any(part => part.Stuck);

    /// <summary>Whether the last pass of every part succeeded.</summary>
    public bool Ready => Parts.All(part => part.Trouble is null);

    /// <summary>Adds a part.</summary>
    /// <param name="name">What the part does, in a word or two; shown to people.</param>
    /// <param name="isNode">Whether the part is the connection to an Asterisk, which people want to see even when all is well.</param>
    /// <param name="note">Returns what people should know although all is well, or null. Called from any thread.</param>
    public HealthPart Begin(string name, bool isNode = false, Func<string?>? note = null)
    {
        var part = new HealthPart(name, isNode, note, time, this);
        lock (_lock)
            Volatile.Write(ref _parts, [.. _parts, part]);
        Changed.Set();
        return part;
    }
}

/// <summary>The state of one part of a loop. The loop reports it; any thread may read it.</summary>
internal sealed class HealthPart
{
    /// <summary>How long a part may work without a report. Several statements that each run into their timeout take less.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TimeProvider _time;
    private readonly Func<string?>? _note;
    private readonly Health _health;
    private long _due;
    private volatile string? _problem;
    private volatile bool _reported;

    /// <summary>The ticks of <see cref="FailingSince"/>; 0 for null.</summary>
    private long _failingSince;

    /// <summary>Called by <see cref="Health.Begin"/>. The part counts as at work from now on.</summary>
    public HealthPart(string name, bool isNode, Func<string?>? note, TimeProvider time, Health health)
    {
        (Name, IsNode, _note, _time, _health) = (name, isNode, note, time, health);
        Progress();
    }

    /// <summary>What the part does, in a word or two.</summary>
    public string Name { get; }

    /// <summary>Whether the part is the connection to an Asterisk.</summary>
    public bool IsNode { get; }

    /// <summary>Whether a first pass is over, whatever its result.</summary>
    public bool HasReported => _reported;

    /// <summary>Whether the part has reported nothing for longer than it announced plus <see cref="Patience"/>.</summary>
    public bool Stuck => _time.GetTimestamp() > Volatile.Read(ref _due);

    /// <summary>What is wrong, in words for a person; null when all is well.</summary>
    public string? Trouble => Stuck ? "stuck: it makes no progress" : _reported ? _problem : "starting";

    /// <summary>What people should know although all is well; null when there is nothing.</summary>
    public string? Note => _note?.Invoke();

    /// <summary>Since when a server has been away that the part needs; null while none is.</summary>
    public DateTimeOffset? FailingSince =>
        Interlocked.Read(ref _failingSince) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Reports that the part is at work and has got something done.</summary>
    public void Progress() => Expect(TimeSpan.Zero);

    /// <summary>Reports that a pass is over.</summary>
    /// <param name="problem">Why it failed; null when it succeeded.</param>
    /// <param name="rest">
    /// Time until the next pass begins; <see cref="Timeout.InfiniteTimeSpan"/> when something else decides that, such as a server's event.
    /// </param>
    public void Report(string? problem, TimeSpan rest) => Report(problem, rest, failingSince: 0);

    /// <summary>Reports that a pass failed because a server is away or refuses, and that the part tries again.</summary>
    /// <param name="problem">Why it failed.</param>
    /// <param name="rest">Time until the next attempt.</param>
    public void Fail(string problem, TimeSpan rest) =>
        Report(problem, rest, Interlocked.Read(ref _failingSince) is var since and > 0 ? since : _time.GetUtcNow().UtcTicks);

    private void Report(string? problem, TimeSpan rest, long failingSince)
    {
        var changed = Interlocked.Exchange(ref _failingSince, failingSince) != failingSince || !_reported || problem != _problem;
        (_problem, _reported) = (problem, true);
        Expect(rest);
        if (changed)
            _health.Changed.Set();
    }

    /// <summary>Reports that the numbers of <see cref="Health.NumbersChanged"/> may have changed.</summary>
    public void NumbersChanged() => _health.NumbersChanged.Set();

    private void Expect(TimeSpan rest) => Volatile.Write(ref _due, rest == Timeout.InfiniteTimeSpan
        ? long.MaxValue
        : _time.GetTimestamp() + (long)((rest + Patience).TotalSeconds * _time.TimestampFrequency));
}
