namespace PjsipSyncWorker.Cli;

/// <summary>What the command <c>status</c> shows of one extension.</summary>
/// <param name="Number">The extension's number; empty for a rejected row that has none.</param>
/// <param name="Name">The column <c>display_name</c>; null when it is NULL or not mapped.</param>
/// <param name="RowKey">The primary key of the application's row, as text.</param>
/// <param name="Status">
/// <c>online</c> or <c>offline</c>; or why the extension is no phone: <c>rejected</c>, <c>disabled</c> (not active), <c>pending</c> (not
/// synced yet).
/// </param>
/// <param name="DeviceState">Asterisk's device state, such as <c>INUSE</c>; null when it is not known.</param>
/// <param name="DeviceStateSince">Since when Asterisk reports that device state; null when it is not known.</param>
/// <param name="LastRegisteredAt">When a phone registered last, from the application's table; null when it does not say.</param>
/// <param name="LastRegisteredIp">Where Asterisk saw that phone, from the application's table; null when it does not say.</param>
/// <param name="Problems">Reasons why the extension does not work, or not fully (<c>pjsip_sync.problem</c>), the oldest first.</param>
/// <param name="Contacts">Its registered phones, the one that registered last first.</param>
internal sealed record ExtensionStatus(
    string Number,
    string? Name,
    string RowKey,
    string Status,
    string? DeviceState,
    DateTime? DeviceStateSince,
    DateTime? LastRegisteredAt,
    string? LastRegisteredIp,
    IReadOnlyList<ExtensionProblem> Problems,
    List<ContactStatus> Contacts)
{
    /// <summary>Whether the extension is a phone now; false for rejected, disabled and pending ones.</summary>
    public bool IsPhone => Status is "online" or "offline";

    /// <summary>Whether a person should look at the extension.</summary>
    public bool NeedsAttention => Problems.Count > 0 || Status is "rejected" or "pending";

    /// <summary>Whether a phone of the extension rings or is in a call.</summary>
    public bool IsBusy => DeviceState is "RINGING" or "RINGINUSE" or "INUSE" or "BUSY" or "ONHOLD";

    /// <summary>Where the extension stands in a list: online ones first. <see cref="StatusQuery"/> orders in the same way.</summary>
    public int Rank => Status is "online" ? 0 : NeedsAttention ? 1 : Status is "offline" ? 2 : 3;

    /// <summary>The addresses of its phones, separated by commas; of an offline extension where it was seen last. May be empty.</summary>
    public string Addresses => Contacts.Count == 0
        ? LastRegisteredIp ?? ""
        : string.Join(',', Contacts.Select(contact => contact.Address ?? contact.Uri).Distinct());
}

/// <summary>A reason why an extension does not work, or not fully.</summary>
/// <param name="Node">The Asterisk that has the problem; null: all of them.</param>
/// <param name="Since">Since when.</param>
internal sealed record ExtensionProblem(string Reason, string? Node, DateTime Since);

/// <summary>A registered phone of an extension.</summary>
/// <param name="Node">Name of the Asterisk node that the phone is registered with.</param>
/// <param name="Uri">Contact URI.</param>
/// <param name="Status">Asterisk's word for the contact: <c>Reachable</c>, <c>Unreachable</c>, <c>NonQualified</c> and so on.</param>
/// <param name="Address">IP address of the phone; null when the URI has a host name.</param>
/// <param name="ViaAddress">Address in the Via header of the REGISTER; null when Asterisk does not report it.</param>
/// <param name="UserAgent">The phone's own name; null when Asterisk does not report it.</param>
/// <param name="RoundTrip">Round trip of the last OPTIONS; null when the phone is not qualified or did not answer.</param>
/// <param name="Since">When the phone registered.</param>
/// <param name="Expires">When the registration expires; null for a contact with a fixed address.</param>
internal sealed record ContactStatus(
    string Node,
    string Uri,
    string Status,
    string? Address,
    string? ViaAddress,
    string? UserAgent,
    TimeSpan? RoundTrip,
    DateTime Since,
    DateTime? Expires);
