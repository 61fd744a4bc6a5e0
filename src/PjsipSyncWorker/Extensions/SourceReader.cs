using System.Runtime.CompilerServices;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Extensions;

/// <summary>Reads the application's rows through <c>pjsip_sync.extensions</c>.</summary>
internal static class SourceReader
{
    /// <param name="ids">A text[] in SQL: the numbers wanted.</param>
    public static string Sql(string ids) => $"""
        select row_key, number, active, password, display_name, context, caller_id_name, caller_id_number,
               voicemail_enabled, voicemail_mailbox, transport, codecs, max_contacts, profile, settings,
               case when active and voicemail_enabled in ('true', 't', '1', 'yes', 'y', 'on') then pjsip_sync.mailbox_of(row_key, number) end
        from pjsip_sync.extensions_by_number({ids})
        """;

    /// <summary>Row by row, as they arrive.</summary>
    public static async IAsyncEnumerable<Extension> ReadAsync(NpgsqlDataReader reader, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            yield return new Extension(
                reader.TextOrNull(0) ?? "",
                reader.GetString(1),
                reader.GetBoolean(2),
                reader.TextOrNull(3),
                reader.TextOrNull(4),
                reader.TextOrNull(5),
                reader.TextOrNull(6),
                reader.TextOrNull(7),
                reader.TextOrNull(8),
                reader.TextOrNull(9),
                reader.TextOrNull(10),
                reader.TextOrNull(11),
                reader.TextOrNull(12),
                reader.TextOrNull(13),
                reader.TextOrNull(14),
                reader.TextOrNull(15));
        }
    }
}
