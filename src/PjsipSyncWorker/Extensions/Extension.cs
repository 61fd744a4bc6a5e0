
namespace PjsipSyncWorker.Extensions;

/// <summary>One row of the application's table under our names, all of it as text; see <c>pjsip_sync.extensions</c>.</summary>
/// <param name="RowKey">The primary key of the row; several columns are joined by a slash.</param>
/// <param name="Number">What the phone registers as; empty when the application has none.</param>
/// <param name="Active">Whether the row is a phone now: enabled, not deleted.</param>
/// <param name="Mailbox">The mailbox that belongs to the row, where it has voicemail and names none (<c>pjsip_sync.mailbox_of</c>).</param>
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
    /// <summary>Everything but the password.</summary>
    public override string ToString() => $"extension {Number} (row {RowKey}{(Active ? "" : ", inactive")})";
}
