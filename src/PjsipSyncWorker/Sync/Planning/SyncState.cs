using System.Collections.ObjectModel;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>The desired and the actual state of a set of ids, read in one transaction. The planner's only input.</summary>
internal sealed record SyncState
{
    /// <summary>The application's active rows that have one of the ids as their number.</summary>
    public required IReadOnlyList<Candidate> Candidates { get; init; }

    /// <summary>Registry entries by id.</summary>
    public required IReadOnlyDictionary<string, ManagedEndpoint> Managed { get; init; }

    /// <summary>Rows of the ps_* tables by id; an id without any row has no element.</summary>
    public required IReadOnlyDictionary<string, ActualEndpoint> Actual { get; init; }

    /// <summary>Ids that an object in a server's own files has, each with the file and the server in words.</summary>
    public IReadOnlyDictionary<string, string> Reserved { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Stored rejections by row key, of the ids and of the rows that own their registry entries.</summary>
    public IReadOnlyDictionary<string, Rejection> Rejected { get; init; } = ReadOnlyDictionary<string, Rejection>.Empty;

    /// <summary>Ids whose rows the database could not read, with the reason.</summary>
    public IReadOnlyList<Rejection> Unreadable { get; init; } = [];
}
