namespace PjsipSyncWorker.Cli;

/// <summary>The registration status of one extension, as the command <c>status</c> shows it. <c>--json</c> prints an array of this record.</summary>
/// <param name="Number">The extension's number.</param>
/// <param name="Name">The column <c>display_name</c>; null when it is NULL or not mapped.</param>
/// <param name="Status"><c>online</c>, <c>offline</c> or <c>rejected</c>.</param>
/// <param name="DeviceState">Asterisk's device state, such as <c>INUSE</c>; null when it is not known.</param>
/// <param name="Problems">Reasons why the extension does not work, or not fully (<c>pjsip_sync.problem</c>).</param>
/// <param name="Contacts">Its registered phones, the one that registered last first.</param>
internal sealed record ExtensionStatus(
    string Number, string? Name, string Status, string? DeviceState, IReadOnlyList<string> Problems, List<ContactStatus> Contacts);

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
