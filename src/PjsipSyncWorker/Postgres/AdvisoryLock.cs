namespace PjsipSyncWorker.Postgres;

/// <summary>
/// The keys of the advisory locks, as SQL for <c>pg_advisory_lock</c> and its relatives. Their numbers are functions of the schema
/// (<c>sql/40_protocol.sql</c>), which the trigger uses as well.
/// </summary>
internal static class AdvisoryLock
{
    /// <summary>Held by the transaction that writes the ps_* tables and <c>pjsip_sync.managed_endpoint</c>.</summary>
    public const string RealtimeWriter = "pjsip_sync.lock_class(), pjsip_sync.realtime_lock()";

    /// <summary>Held by the transaction that writes the status of extensions.</summary>
    public const string StatusWriter = "pjsip_sync.lock_class(), pjsip_sync.status_lock()";

    /// <summary>Held exclusively by the session of an idle worker. The trigger notifies when it cannot share this lock.</summary>
    public const string IdleWorker = "pjsip_sync.lock_class(), pjsip_sync.idle_worker_lock()";

    /// <summary>Held by the session that follows the Asterisk server whose name is the parameter <c>$1</c>.</summary>
    public const string Node = "pjsip_sync.node_lock_class(), hashtext($1)";
}
