using System.Runtime.CompilerServices;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Extensions;

/// <summary>
/// Reads the application's rows through the function <c>pjsip_sync.extensions_by_number</c>, which <c>init</c> makes from the mapping.
/// </summary>
internal static class ExtensionReader
{
    /// <summary>Returns the query whose result <see cref="ReadAsync"/> reads.</summary>
    /// <param name="numbers">SQL of the type <c>text[]</c>: the numbers that are wanted.</param>
    public static string Sql(string numbers) => $"""
        select row_key, number, active, password, display_name, context, caller_id_name, caller_id_number,
               voicemail_enabled, voicemail_mailbox, transport, codecs, max_contacts, profile, settings,
               case when active and voicemail_enabled in ('true', 't', '1', 'yes', 'y', 'on')
                    then pjsip_sync.mailbox_of(row_key, number) end
        from pjsip_sync.extensions_by_number({numbers})
        """;

    /// <summary>Returns the rows of the current result set one by one, as they arrive. The order is the database's.</summary>
    public static async IAsyncEnumerable<Extension> ReadAsync(
        NpgsqlDataReader reader, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            yield return new Extension(
                RowKey: reader.TextOrNull(0) ?? "",
                Number: reader.GetString(1),
                Active: reader.GetBoolean(2),
                Password: reader.TextOrNull(3),
                DisplayName: reader.TextOrNull(4),
                Context: reader.TextOrNull(5),
                CallerIdName: reader.TextOrNull(6),
                CallerIdNumber: reader.TextOrNull(7),
                VoicemailEnabled: reader.TextOrNull(8),
                VoicemailMailbox: reader.TextOrNull(9),
                Transport: reader.TextOrNull(10),
                Codecs: reader.TextOrNull(11),
                MaxContacts: reader.TextOrNull(12),
                Profile: reader.TextOrNull(13),
                Settings: reader.TextOrNull(14),
                Mailbox: reader.TextOrNull(15));
        }
    }
}
