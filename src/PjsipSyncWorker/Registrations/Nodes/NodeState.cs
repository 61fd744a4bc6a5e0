using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>The state of the session with one Asterisk. Immutable: each change replaces the whole record.</summary>
/// <param name="IsConnected">Whether a session is running.</param>
/// <param name="SnapshotProblem">Why the last snapshot could not be used; null when it could.</param>
/// <param name="MissingPermissions">The classes of manager.conf that the AMI user lacks, with commas between; empty for none.</param>
internal sealed record NodeStatus(bool IsConnected, string? SnapshotProblem, string MissingPermissions);

/// <summary>
/// What the loops of one node share: its status, and the wake-ups between the loops. Setting a wake-up several times before its loop wakes
/// counts once. Thread-safe, as long as one loop at a time writes <see cref="Status"/>: the session, and while it runs the snapshot loop.
/// </summary>
internal sealed class NodeState(NodeSettings node, EndpointAnnouncer announcer)
{
    private volatile NodeStatus _status = new(IsConnected: false, SnapshotProblem: null, MissingPermissions: "");

    /// <summary>The current status; replaced whole.</summary>
    public NodeStatus Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>
    /// Why the registrations of this node may be wrong, in words for an operator; null when nothing is known to be wrong.
    /// </summary>
    public string? Problem
    {
        get
        {
            var status = _status;
            return status.SnapshotProblem ?? announcer.Problem
                ?? (status.MissingPermissions.Length > 0 ? $"the AMI user {node.Username} lacks {status.MissingPermissions}" : null);
        }
    }

    /// <summary>Wakes <see cref="ContactWriter"/>: contacts, device states or the status changed.</summary>
    public AsyncAutoResetEvent ContactsChanged { get; } = new();

    /// <summary>Wakes <see cref="SnapshotLoop"/>: events alone do not show the whole state.</summary>
    public AsyncAutoResetEvent SnapshotWanted { get; } = new();

    /// <summary>Wakes <see cref="ServerFilesLoop"/>: the server's own files may have changed.</summary>
    public AsyncAutoResetEvent FilesMayDiffer { get; } = new();

    /// <summary>Wakes <see cref="ReferencesLoop"/>: what endpoints name, or what the server has, may have changed.</summary>
    public AsyncAutoResetEvent ReferencesMayDiffer { get; } = new();

    /// <summary>
    /// Set before <see cref="ReferencesMayDiffer"/> when the cause is the server: <see cref="ReferencesLoop"/> then checks everything.
    /// </summary>
    public AsyncAutoResetEvent ServerReloaded { get; } = new();
}
