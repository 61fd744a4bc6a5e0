using System.Net;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>What identifies a registration on one node.</summary>
/// <param name="Endpoint">The endpoint's id, as AMI shows it.</param>
/// <param name="Uri">The contact's URI, as AMI shows it.</param>
internal readonly record struct ContactKey(string Endpoint, string Uri);

/// <summary>One registration of one phone on one node, as far as it is known.</summary>
/// <param name="Status">NonQualified, Reachable, Unreachable or Unknown: the words of the AMI event ContactStatus.</param>
/// <param name="Address">Where Asterisk saw the phone: the URI's host.</param>
/// <param name="ViaAddress">Where the phone says it is.</param>
/// <param name="RoundTrip">Of the last answered OPTIONS.</param>
/// <param name="ExpiresAt">Null until a snapshot has said it.</param>
/// <param name="RegisteredAt">The last REGISTER that was noticed.</param>
internal sealed record Contact(
    string Status, IPAddress? Address, string? ViaAddress, string? UserAgent, TimeSpan? RoundTrip,
    DateTimeOffset? ExpiresAt, DateTimeOffset RegisteredAt);
