using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>A row of the application's table that makes a phone.</summary>
/// <param name="Phone">The phone that it is made from.</param>
/// <param name="Extension">The row. Fields that the table does not have, and fields that need no value, are null.</param>
/// <param name="Settings">What its column <c>settings</c> says, by option; null clears an option of a lower layer.</param>
internal sealed record ImportedRow(
    ImportedPhone Phone, Extension Extension, IReadOnlyList<KeyValuePair<RealtimeColumn, string?>> Settings)
{
    /// <summary>The fields that are written, by the worker's names, each with its text. The password is among them.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; } =
    [
        .. new[]
        {
            ("number", Extension.Number), ("password", Extension.Password), ("display_name", Extension.DisplayName),
            ("context", Extension.Context), ("caller_id_name", Extension.CallerIdName),
            ("caller_id_number", Extension.CallerIdNumber), ("voicemail_enabled", Extension.VoicemailEnabled),
            ("voicemail_mailbox", Extension.VoicemailMailbox), ("transport", Extension.Transport), ("codecs", Extension.Codecs),
            ("max_contacts", Extension.MaxContacts), ("profile", Extension.Profile), ("settings", Extension.Settings),
        }.Where(pair => pair.Item2 is not null).Select(pair => (pair.Item1, pair.Item2!)),
    ];

    /// <summary>How much a person has to read of it: the number of its fields and of the options in its settings.</summary>
    public int Size => Fields.Count + Settings.Count;
}
