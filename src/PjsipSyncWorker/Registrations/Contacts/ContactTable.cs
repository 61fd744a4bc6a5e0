using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations.Contacts;

/// <summary>Asterisk's own table of contacts, where it keeps them in the database.</summary>
internal sealed class ContactTable(NpgsqlDataSource dataSource, string schema)
{
    /// <summary>
    /// Whether no registration there counts for a server: an Asterisk that lost its database says that it has none.
    /// Those of other servers, and those of a server that keeps its own in astdb, prove nothing.
    /// </summary>
    /// <param name="systemName">The server's name in <c>reg_server</c>; null when it has none.</param>
    public async Task<bool> HasNoneAsync(string? systemName, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select not exists (
              select from {Identifier.Quote(schema)}.ps_contacts c
              where (c.expiration_time::text::numeric > extract(epoch from now()) or c.expiration_time::text = '0')
                and ($1 is null or coalesce(to_jsonb(c)->>'reg_server', '') in ('', $1)))
            """);
        command.Parameters.Add(new() { Value = (object?)systemName ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
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
    /// Our endpoints whose phone has a fixed address (<c>ps_aors.contact</c>), by id, with that address as it is written. Asterisk keeps
    /// no registration of such a phone.
    /// </summary>
    /// <returns>Null while the database does not answer.</returns>
    public async Task<IReadOnlyDictionary<string, string>?> FixedAsync(CancellationToken cancellation)
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
