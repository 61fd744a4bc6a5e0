using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>What happens to one endpoint.</summary>
public enum ChangeKind
{
    /// <summary>An endpoint that is not managed yet gets its rows, or a managed one that lost all of them gets them back.</summary>
    Create,

    /// <summary>A managed endpoint has other values, lacks a row, or belongs to another row of the application.</summary>
    Update,

    /// <summary>The rows are deleted; the registry entry stays as a tombstone.</summary>
    Delete,

    /// <summary>An adopted endpoint is managed no longer: its rows stay, its registry entry goes.</summary>
    Release,
}

/// <summary>One step of a <see cref="Plan"/>: what happens to the three rows and the registry entry of one endpoint.</summary>
public sealed record EndpointChange
{
    public required ChangeKind Kind { get; init; }

    /// <summary>The id of the three rows.</summary>
    public required string Id { get; init; }

    /// <summary>The application's row that the endpoint belongs to.</summary>
    public required string RowKey { get; init; }

    /// <summary>Whether the rows existed before the worker managed them. They are then released, never deleted.</summary>
    public required bool IsAdopted { get; init; }

    /// <summary>What to write; null when the endpoint is deleted or released.</summary>
    public DesiredEndpoint? Desired { get; init; }

    /// <summary>Columns that were written before and are no longer set. They become NULL.</summary>
    public ColumnSet Cleared { get; init; }

    /// <summary>Columns whose actual value is not the desired one.</summary>
    public ColumnSet Differing { get; init; }

    /// <summary>Tables that have no row with this id.</summary>
    public IReadOnlyList<RealtimeTable> Missing { get; init; } = [];

    /// <summary>Whether the registry has an entry with this id, which may be a tombstone.</summary>
    public required bool HasEntry { get; init; }

    /// <summary>
    /// Whether the change must be announced to Asterisk, because the endpoint or its AOR is new, changed or gone. A changed password needs
    /// no announcement: Asterisk reads ps_auths at each request.
    /// </summary>
    public required bool RequiresAnnouncement { get; init; }

    /// <summary>Returns the change that ends the management of an endpoint.</summary>
    public static EndpointChange Remove(string id, ManagedEndpoint entry) => new()
    {
        Kind = entry.Adopted ? ChangeKind.Release : ChangeKind.Delete,
        Id = id,
        RowKey = entry.RowKey,
        IsAdopted = entry.Adopted,
        HasEntry = true,
        RequiresAnnouncement = true,
    };
}
