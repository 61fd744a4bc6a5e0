
namespace PjsipSyncWorker.Diagnostics;

/// <summary>
/// What the parts of both loops say of themselves. systemd, <c>/healthz</c> and <c>/readyz</c> all read this and nothing else.
/// </summary>
internal sealed class Health(TimeProvider time)
{
    private readonly Lock _lock = new();
    private HealthPart[] _parts = [];

    /// <summary>Every part that has begun, in the order they did.</summary>
    public IReadOnlyList<HealthPart> Parts => Volatile.Read(ref _parts);

    /// <summary>Each part's first pass is over, or it said why not.</summary>
    public bool Started => Parts.All(part => part.HasReported);

    /// <summary>No part is stuck. One that waits for an absent server is not, as long as it keeps trying.</summary>
    public bool Alive => !Parts.Any(part => part.Stuck);

    /// <summary>Every part did its last pass well.</summary>
    public bool Ready => Parts.All(part => part.Trouble is null);

    /// <summary>A part begins.</summary>
    /// <param name="name">What it does, in a word or two; shown to people.</param>
    /// <param name="isNode">Whether it is the connection to an Asterisk, which people want to see even when all is well.</param>
    /// <param name="note">Gives what people should see beside that all is well; null when there is nothing. Called from any thread.</param>
    public HealthPart Begin(string name, bool isNode = false, Func<string?>? note = null)
    {
        var part = new HealthPart(name, isNode, note, time);
        lock (_lock)
            Volatile.Write(ref _parts, [.. _parts, part]);
        return part;
    }
}

/// <summary>One part of a loop. Whoever runs it reports here; anybody may read.</summary>
internal sealed class HealthPart
{
    /// <summary>How long a part may work without a word: several statements that each run into their timeout.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TimeProvider _time;
    private readonly Func<string?>? _note;
    private long _due;
    private volatile string? _problem;
    private volatile bool _reported;

    public HealthPart(string name, bool isNode, Func<string?>? note, TimeProvider time)
    {
        (Name, IsNode, _note, _time) = (name, isNode, note, time);
        Progress();
    }

    public string Name { get; }

    public bool IsNode { get; }

    /// <summary>Whether a first pass is over, well or not.</summary>
    public bool HasReported => _reported;

    /// <summary>Nothing was heard for longer than this part said it would take.</summary>
    public bool Stuck => _time.GetTimestamp() > Volatile.Read(ref _due);

    /// <summary>What is wrong, in words for a person; null when nothing is.</summary>
    public string? Trouble => Stuck ? "stuck: it makes no progress" : _reported ? _problem : "starting";

    /// <summary>What people should see beside that all is well; null when there is nothing.</summary>
    public string? Note => _note?.Invoke();

    /// <summary>It is at work and something got done.</summary>
    public void Progress() => Expect(TimeSpan.Zero);

    /// <summary>A pass is over.</summary>
    /// <param name="problem">Why it did not go well, or null.</param>
    /// <param name="rest">How long it may be until the next one begins; <see cref="Timeout.InfiniteTimeSpan"/> when that is somebody else's doing.</param>
    public void Report(string? problem, TimeSpan rest)
    {
        (_problem, _reported) = (problem, true);
        Expect(rest);
    }

    private void Expect(TimeSpan rest) => Volatile.Write(ref _due, rest == Timeout.InfiniteTimeSpan
        ? long.MaxValue
        : _time.GetTimestamp() + (long)((rest + Patience).TotalSeconds * _time.TimestampFrequency));
}
