namespace PjsipSyncWorker.Postgres;

/// <summary>The channels of NOTIFY; see <c>sql/40_protocol.sql</c>.</summary>
internal static class Channels
{
    /// <summary>Something was recorded in <c>pjsip_sync.change</c>; the payload is empty.</summary>
    public const string Change = "pjsip_sync_change";

    /// <summary><c>pjsip_sync.managed_endpoint</c> has a higher revision; the payload is empty.</summary>
    public const string Revision = "pjsip_sync_revision";

    /// <summary>The status of an extension changed; the payload is JSON, for applications.</summary>
    public const string ExtensionStatus = "extension_status";

    /// <summary>The device state of an extension changed, such as by a call; the payload is JSON, for applications.</summary>
    public const string ExtensionDeviceState = "extension_device_state";
}
