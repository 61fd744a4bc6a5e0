using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>
/// Finds the transports, contexts and ACLs that our endpoints name and one Asterisk does not have. Without its transport or context a phone
/// registers and is shown as available, but its calls end with 500 (transport) or 404 (context). Without its ACL it cannot register. Not
/// thread-safe.
/// </summary>
/// <param name="schema">The schema of the ps_* tables.</param>
internal sealed class MissingReferences(AmiConnection asterisk, NpgsqlDataSource dataSource, string schema)
{
    private readonly AsteriskConsole _console = new(asterisk);

    /// <summary>Kind and name of what this server has.</summary>
    private readonly HashSet<(string, string)> _present = [];

    private RealtimeSchema? _realtime;

    /// <summary>Forgets what the server has and which columns ps_endpoints has, because either may have changed.</summary>
    public void Forget()
    {
        _present.Clear();
        _realtime = null;
    }

    /// <summary>Returns what our endpoints name, each name once.</summary>
    /// <param name="after">Only endpoints that changed after this revision; 0 for all.</param>
    /// <exception cref="RealtimeSchemaException">ps_endpoints is missing or cannot be used.</exception>
    public async Task<List<Reference>> AllAsync(long after, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var realtime = _realtime ??= await RealtimeSchema.LoadAsync(connection, schema, cancellation);
        var columns = Reference.Columns.Select(name => realtime.Find(RealtimeTable.Endpoint, name)).OfType<RealtimeColumn>().ToList();
        var values = string.Join(", ", columns.Select(column => $"({column.Index}, p.{column.Quoted}::text)"));
        await using var command = new NpgsqlCommand($"""
            select name, value, count(*), min(p.id)
            from pjsip_sync.managed_endpoint e
            cross join lateral (select * from {realtime.Quoted(RealtimeTable.Endpoint)} as of_id where of_id.id = e.id offset 0) as p
            cross join lateral (values {values}) as named (name, value)
            where value <> '' and e.deleted_at is null and e.revision > $1
            group by name, value order by name, 3 desc, value
            """, connection) { Parameters = { new() { Value = after } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var references = new List<Reference>();
        while (await reader.ReadAsync(cancellation))
        {
            references.Add(new Reference(
                realtime.Columns[reader.GetInt32(0)].Name, RealtimeEncoding.Decode(reader.GetString(1)), reader.GetInt64(2),
                reader.GetString(3)));
        }
        return [.. references.OrderBy(reference => Reference.Columns.IndexOf(reference.Column))];
    }

    /// <summary>Returns the references that this server does not have. Queries a name only until it is found.</summary>
    /// <exception cref="AsteriskRefusalException">The AMI user may not run commands.</exception>
    public async Task<List<Reference>> MissingAsync(IEnumerable<Reference> references, CancellationToken cancellation)
    {
        var missing = new List<Reference>();
        foreach (var reference in references)
        {
            var name = (reference.IsContext ? "context" : reference.IsAcl ? "acl" : "transport", reference.Value);
            if (_present.Contains(name))
                continue;
            if (await ExistsAsync(reference, cancellation))
                _present.Add(name);
            else
                missing.Add(reference);
        }
        return missing;
    }

    /// <summary>Records which extensions name something that a node lacks (<c>pjsip_sync.missing_reference</c>).</summary>
    /// <param name="after">As for <see cref="AllAsync"/>.</param>
    /// <returns>The revision up to which endpoints were checked.</returns>
    public async Task<long> RecordAsync(string node, IReadOnlyCollection<Reference> missing, long after, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            with missing as (
              select * from unnest($2, $3, $4) as missing (name, value, reason)
            ), found as (
              select p.id, string_agg(m.reason, '; ' order by m.name) as reason
              from missing m join {Identifier.Quote(schema)}.ps_endpoints p on to_jsonb(p) ->> m.name = m.value
              join pjsip_sync.managed_endpoint e on e.id = p.id and e.deleted_at is null and e.revision > $5
              -- This condition is evaluated before the tables are read, so that nothing is read when nothing is missing.
              where cardinality($2::text[]) > 0
              group by p.id
            ), gone as (
              delete from pjsip_sync.missing_reference u
              where node = $1 and not exists (select from found where found.id = u.id)
                and ($5 = 0 or exists (select from pjsip_sync.managed_endpoint e where e.id = u.id and e.revision > $5))
            ), noted as (
              insert into pjsip_sync.missing_reference as u (node, id, reason) select $1, id, reason from found
              on conflict (node, id) do update set reason = excluded.reason where u.reason <> excluded.reason
            )
            select greatest(max(revision), $5) from pjsip_sync.managed_endpoint
            """);
        command.Parameters.Add(new() { Value = node });
        command.Parameters.Add(Parameter.Texts(missing.Select(reference => reference.Column)));
        command.Parameters.Add(Parameter.Texts(missing.Select(reference => RealtimeEncoding.Encode(reference.Value))));
        command.Parameters.Add(Parameter.Texts(missing.Select(reference =>
            $"Asterisk {node} has no {reference.Column} {UntrustedText.Escape(reference.Value)}: {reference.Consequence}")));
        command.Parameters.Add(new() { Value = after });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task<bool> ExistsAsync(Reference reference, CancellationToken cancellation)
    {
        // The question for an extension that does not exist keeps the answer of "dialplan show" short.
        var (command, refusal) =
            reference.IsAcl ? ($"acl show {Quoted(reference.Value)}", "Could not find ACL")
            : reference.IsContext ? ($"dialplan show {Quoted($"no-such-extension@{reference.Value}")}",
                $"There is no existence of '{reference.Value}' context")
            : ($"pjsip show transport {Quoted(reference.Value)}", "Unable to find object");
        return !(await _console.RunAsync(command, cancellation)).Says(refusal);
    }

    private static string Quoted(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
