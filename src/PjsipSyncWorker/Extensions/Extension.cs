namespace PjsipSyncWorker.Extensions;

/// <summary>
/// One row of the application's table, with the worker's names for its columns (<c>pjsip_sync.extensions</c>). All values are text as the
/// database writes it; null where the row has none or the column is not mapped.
/// </summary>
/// <param name="RowKey">The primary key of the row; several columns are joined by a slash.</param>
/// <param name="Number">What the phone registers as; empty when the row has none.</param>
/// <param name="Active">Whether the row is to be a phone now (<c>Source:Active</c>).</param>
/// <param name="Password">The SIP password in clear text. Never to be logged.</param>
/// <param name="DisplayName">The caller's name when <paramref name="CallerIdName"/> is null.</param>
/// <param name="Context">The dialplan context of calls from the phone.</param>
/// <param name="CallerIdName">The caller's name.</param>
/// <param name="CallerIdNumber">The caller's number; null for <paramref name="Number"/>.</param>
/// <param name="VoicemailEnabled">A boolean; null means that a named mailbox enables voicemail.</param>
/// <param name="VoicemailMailbox">The mailbox, such as <c>1001</c> or <c>1001@default</c>.</param>
/// <param name="Transport">The name of a transport in pjsip.conf.</param>
/// <param name="Codecs">A list such as <c>ulaw,alaw</c>, a PostgreSQL array or a JSON array.</param>
/// <param name="MaxContacts">How many phones may register.</param>
/// <param name="Profile">A name in <c>Realtime:Profiles</c>.</param>
/// <param name="Settings">JSON with any further options, see <c>ExtensionOptions</c>.</param>
/// <param name="Mailbox">
/// The mailbox that belongs to the row, where it has voicemail and names none (<c>pjsip_sync.mailbox_of</c>).
/// </param>
public sealed record Extension(
    string RowKey,
    string Number,
    bool Active,
    string? Password = null,
    string? DisplayName = null,
    string? Context = null,
    string? CallerIdName = null,
    string? CallerIdNumber = null,
    string? VoicemailEnabled = null,
    string? VoicemailMailbox = null,
    string? Transport = null,
    string? Codecs = null,
    string? MaxContacts = null,
    string? Profile = null,
    string? Settings = null,
    string? Mailbox = null)
{
    /// <summary>Returns number, row and whether the row is active; never the password.</summary>
    public override string ToString() => $"extension {Number} (row {RowKey}{(Active ? "" : ", inactive")})";
}
