using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

/// <summary>What one batch of recorded changes did.</summary>
internal sealed record BatchResult
{
    /// <summary>What was written.</summary>
    public required Plan Plan { get; init; }

    /// <summary>Changes taken from the queue; 0 when it had none.</summary>
    public required long Changes { get; init; }

    /// <summary>
    /// Changes after which the endpoint was as desired already, or that concern no endpoint, such as the change of a disabled row.
    /// </summary>
    public long Unchanged => Math.Max(0, Changes - Plan.Changes.Count - Plan.Rejected);

    /// <summary>From the start of the transaction to the end of its commit.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>
    /// Transactions that demanded a comparison of all extensions. The caller passes them to <see cref="Synchronizer.ResyncAsync"/>, which
    /// does it.
    /// </summary>
    public required string[] FullResyncs { get; init; }

    /// <summary>Whether the queue may have more, so that the next batch must follow at once.</summary>
    public required bool HasMore { get; init; }
}
