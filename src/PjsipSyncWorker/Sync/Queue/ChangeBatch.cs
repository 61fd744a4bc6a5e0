namespace PjsipSyncWorker.Sync.Queue;

/// <summary>Recorded changes that one batch has taken from the queue.</summary>
internal readonly record struct ChangeBatch
{
    /// <summary>Changes removed from the queue. One record can hold several changes.</summary>
    public required long Count { get; init; }

    /// <summary>The ids of these changes, each once.</summary>
    public required string[] Ids { get; init; }

    /// <summary>
    /// The transactions that recorded "compare all extensions", as text of the type <c>xid8</c>. Their records stay in the queue until
    /// <see cref="ChangeQueue.RemoveFullResyncsAsync"/>.
    /// </summary>
    public required string[] FullResyncs { get; init; }

    /// <summary>The oldest transaction that was still running. This batch has seen all changes of older ones.</summary>
    public required ulong OldestRunning { get; init; }

    /// <summary>How long ago the transaction of the oldest change began; zero without changes.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>For <see cref="RealtimeLock.Check"/>.</summary>
    public required string? ActiveConfiguration { get; init; }
}
