using System.Net;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>Identifies one registration on one node.</summary>
/// <param name="Endpoint">The endpoint's id, as AMI shows it.</param>
/// <param name="Uri">The contact's URI, as AMI shows it.</param>
internal readonly record struct ContactKey(string Endpoint, string Uri);

/// <summary>One registration of one phone on one node, as far as it is known.</summary>
/// <param name="Status">NonQualified, Reachable, Unreachable or Unknown: the words of the AMI event ContactStatus.</param>
/// <param name="Address">The address at which Asterisk saw the phone: the host of the URI. Null when the host is a name.</param>
/// <param name="ViaAddress">The address that the phone gives for itself; null when it is not known.</param>
/// <param name="UserAgent">The name that the phone gives for itself; null when it is not known.</param>
/// <param name="RoundTrip">The round trip of the last answered OPTIONS; null when none was answered.</param>
/// <param name="ExpiresAt">When the registration expires, on this host's clock; null until a snapshot shows it.</param>
/// <param name="RegisteredAt">When the last REGISTER was noticed, on this host's clock.</param>
internal sealed record Contact(
    string Status, IPAddress? Address, string? ViaAddress, string? UserAgent, TimeSpan? RoundTrip,
    DateTimeOffset? ExpiresAt, DateTimeOffset RegisteredAt);
