using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>A transport, context or ACL that endpoints of ours name.</summary>
/// <param name="Value">Its name as Asterisk reads it.</param>
/// <param name="Count">How many endpoints name it.</param>
internal sealed record Reference(string Column, string Value, long Count, string Example)
{
    private static readonly string[] Contexts = ["context", "subscribe_context", "message_context", "overlap_context"];

    private static readonly string[] Acls = ["acl", "contact_acl"];

    /// <summary>The columns of ps_endpoints that name such.</summary>
    public static List<string> Columns { get; } = ["transport", .. Contexts, .. Acls];

    public bool IsContext => Contexts.Contains(Column);

    public bool IsAcl => Acls.Contains(Column);

    /// <summary>What an extension without it cannot do.</summary>
    public string Consequence => IsAcl ? "no phone of it can register" : IsContext ? "its calls end with 404" : "its calls end with 500";
}

/// <summary>
/// What our endpoints name and one Asterisk may not have. Without its transport or context a phone registers and is shown as available,
/// and its calls end with 500 (transport) or 404 (context). Without its ACL it cannot register.
/// </summary>
internal sealed class MissingReferences(AmiConnection asterisk, NpgsqlDataSource dataSource, string schema)
{
    private readonly AsteriskConsole _console = new(asterisk);
    private readonly HashSet<(string, string)> _known = [];
    private RealtimeSchema? _catalogue;

    /// <summary>What the server and ps_endpoints had before may be gone.</summary>
    public void Forget()
    {
        _known.Clear();
        _catalogue = null;
    }

    /// <summary>Each name once, with how many endpoints have it.</summary>
    /// <param name="after">Only of endpoints that changed after this revision; 0 for all.</param>
    public async Task<List<Reference>> AllAsync(long after, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var catalogue = _catalogue ??= await RealtimeSchema.LoadAsync(connection, schema, cancellation);
        var columns = Reference.Columns.Select(name => catalogue.Find(RealtimeTable.Endpoint, name)).OfType<RealtimeColumn>().ToList();
        await using var command = new NpgsqlCommand($"""
            select name, value, count(*), min(p.id)
            from pjsip_sync.managed_endpoint e
            cross join lateral (select * from {catalogue.Quoted(RealtimeTable.Endpoint)} as of_id where of_id.id = e.id offset 0) as p
            cross join lateral (values {string.Join(", ", columns.Select(column => $"({column.Index}, p.{column.Quoted}::text)"))}) as named (name, value)
            where value <> '' and e.deleted_at is null and e.revision > $1
            group by name, value order by name, 3 desc, value
            """, connection) { Parameters = { new() { Value = after } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var references = new List<Reference>();
        while (await reader.ReadAsync(cancellation))
            references.Add(new Reference(catalogue.Columns[reader.GetInt32(0)].Name, RealtimeEncoding.Decode(reader.GetString(1)), reader.GetInt64(2), reader.GetString(3)));
        return [.. references.OrderBy(reference => Reference.Columns.IndexOf(reference.Column))];
    }

    /// <summary>Those that this server does not have. What was found before is not asked for again.</summary>
    public async Task<List<Reference>> MissingAsync(IEnumerable<Reference> references, CancellationToken cancellation)
    {
        var missing = new List<Reference>();
        foreach (var reference in references)
        {
            var name = (reference.IsContext ? "context" : reference.IsAcl ? "acl" : "transport", reference.Value);
            if (_known.Contains(name))
                continue;
            if (await ExistsAsync(reference, cancellation))
                _known.Add(name);
            else
                missing.Add(reference);
        }
        return missing;
    }

    /// <summary>Writes down which extensions name something that is missing on a node (pjsip_sync.missing_reference).</summary>
    /// <param name="after">As for <see cref="AllAsync"/>.</param>
    /// <returns>The revision up to which they were looked at.</returns>
    public async Task<long> NoteAsync(string node, IReadOnlyCollection<Reference> missing, long after, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            with missing as (
              select * from unnest($2, $3, $4) as missing (name, value, reason)
            ), found as (
              select p.id, string_agg(m.reason, '; ' order by m.name) as reason
              from missing m join {Identifier.Quote(schema)}.ps_endpoints p on to_jsonb(p) ->> m.name = m.value
              join pjsip_sync.managed_endpoint e on e.id = p.id and e.deleted_at is null and e.revision > $5
              -- known before the tables are read
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
        command.Parameters.Add(Parameter.Texts(missing.Select(reference => $"Asterisk {node} has no {reference.Column} {UntrustedText.Escape(reference.Value)}: {reference.Consequence}")));
        command.Parameters.Add(new() { Value = after });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task<bool> ExistsAsync(Reference reference, CancellationToken cancellation)
    {
        // An extension that nobody has keeps the answer short.
        var (command, refusal) =
            reference.IsAcl ? ($"acl show {Quoted(reference.Value)}", "Could not find ACL")
            : reference.IsContext ? ($"dialplan show {Quoted($"no-such-extension@{reference.Value}")}", $"There is no existence of '{reference.Value}' context")
            : ($"pjsip show transport {Quoted(reference.Value)}", "Unable to find object");
        return !(await _console.RunAsync(command, cancellation)).Says(refusal);
    }

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
