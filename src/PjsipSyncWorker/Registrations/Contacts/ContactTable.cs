using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>Reads what Asterisk's own tables say about contacts: ps_contacts, and the fixed contacts of ps_aors.</summary>
/// <param name="schema">The schema of the ps_* tables.</param>
internal sealed class ContactTable(NpgsqlDataSource dataSource, string schema)
{
    /// <summary>
    /// Whether ps_contacts has no valid registration of a server. An Asterisk that lost its database reports no contacts, so its report is
    /// believed only if this agrees. Rows of other servers do not count. A server that keeps its contacts in astdb has no rows.
    /// </summary>
    /// <param name="systemName">The server's name in <c>reg_server</c>; null when the server has none, so that every row counts.</param>
    public async Task<bool> IsEmptyAsync(string? systemName, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select not exists (
              select from {Identifier.Quote(schema)}.ps_contacts c
              where (c.expiration_time::text::numeric > extract(epoch from now()) or c.expiration_time::text = '0')
                and ($1 is null or coalesce(to_jsonb(c)->>'reg_server', '') in ('', $1)))
            """);
        command.Parameters.Add(new() { Value = (object?)systemName ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        try
        {
            return await command.ExecuteScalarAsync(cancellation) is true;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return true;
        }
    }

    /// <summary>
    /// Returns our endpoints whose phone has a fixed address, by id, with <c>ps_aors.contact</c> as it is written. Asterisk keeps no
    /// registration of such a phone.
    /// </summary>
    /// <returns>Null when the database does not answer.</returns>
    public async Task<IReadOnlyDictionary<string, string>?> FixedContactsAsync(CancellationToken cancellation)
    {
        try
        {
            await using var command = dataSource.CreateCommand($"""
                select a.id, a.contact from {Identifier.Quote(schema)}.ps_aors a join pjsip_sync.managed_endpoint e using (id)
                where a.contact <> '' and e.deleted_at is null
                """);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var written = new Dictionary<string, string>(StringComparer.Ordinal);
            while (await reader.ReadAsync(cancellation))
                written[reader.GetString(0)] = reader.GetString(1);
            return written;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return null;
        }
    }
}
