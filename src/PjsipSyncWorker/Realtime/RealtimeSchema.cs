using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// The columns of the ps_* tables as this database has them. They differ by Asterisk release, and people change them by hand. Immutable.
/// </summary>
public sealed class RealtimeSchema
{
    /// <summary>Columns without which no phone can register.</summary>
    private static readonly (RealtimeTable Table, string Column)[] Necessary =
    [
        (RealtimeTable.Endpoint, "id"), (RealtimeTable.Endpoint, "aors"), (RealtimeTable.Endpoint, "auth"),
        (RealtimeTable.Endpoint, "context"), (RealtimeTable.Endpoint, "disallow"), (RealtimeTable.Endpoint, "allow"),
        (RealtimeTable.Auth, "id"), (RealtimeTable.Auth, "auth_type"), (RealtimeTable.Auth, "username"), (RealtimeTable.Auth, "password"),
        (RealtimeTable.Aor, "id"), (RealtimeTable.Aor, "max_contacts"),
    ];

    private readonly Dictionary<(RealtimeTable, string), RealtimeColumn> _byName;
    private readonly ColumnSet[] _sets = new ColumnSet[RealtimeTable.All.Count];

    /// <param name="schema">The name of the database schema.</param>
    /// <param name="columns">In the order of their indexes, without the id columns.</param>
    /// <param name="idMaxLength">See <see cref="IdMaxLength"/>.</param>
    /// <param name="canExpireContacts">See <see cref="CanExpireContacts"/>.</param>
    public RealtimeSchema(string schema, IReadOnlyList<RealtimeColumn> columns, int idMaxLength, bool canExpireContacts)
    {
        Schema = schema;
        IdMaxLength = idMaxLength;
        Columns = columns;
        CanExpireContacts = canExpireContacts;
        _byName = columns.ToDictionary(column => (column.Table, column.Name));
        foreach (var column in columns)
            _sets[column.Table.Index] = _sets[column.Table.Index].With(column.Index);
    }

    /// <summary>The name of the database schema, not quoted.</summary>
    public string Schema { get; }

    /// <summary>The number of characters that all three id columns take.</summary>
    public int IdMaxLength { get; }

    /// <summary>All columns by index, without the id columns.</summary>
    public IReadOnlyList<RealtimeColumn> Columns { get; }

    /// <summary>Whether ps_contacts exists and can be written, so that the contacts of a deleted endpoint can be expired.</summary>
    public bool CanExpireContacts { get; }

    /// <summary>Returns a column by its name; null when the table does not have it. The id columns are not found.</summary>
    public RealtimeColumn? Find(RealtimeTable table, string name) => _byName.GetValueOrDefault((table, name));

    /// <summary>Returns whether two readings found the same tables.</summary>
    public bool SameAs(RealtimeSchema other) =>
        Schema == other.Schema && IdMaxLength == other.IdMaxLength && CanExpireContacts == other.CanExpireContacts
        && Columns.Select(Describe).SequenceEqual(other.Columns.Select(Describe), StringComparer.Ordinal);

    private static string Describe(RealtimeColumn column)
    {
        var (labels, codecs) = (string.Join('|', column.Labels ?? []), string.Join('|', column.Codecs ?? []));
        return $"{column.Display} {column.SqlType} {column.MaxLength} {labels} {codecs}";
    }

    /// <summary>Returns all columns of one table, without its id.</summary>
    public ColumnSet Of(RealtimeTable table) => _sets[table.Index];

    /// <summary>Returns a table's name with its schema, quoted.</summary>
    public string Quoted(RealtimeTable table) => $"{Identifier.Quote(Schema)}.{Identifier.Quote(table.Name)}";

    /// <summary>The name of ps_contacts with its schema, quoted.</summary>
    public string Contacts => $"{Identifier.Quote(Schema)}.ps_contacts";

    /// <summary>Reads the columns of the ps_* tables of one schema from PostgreSQL's system catalogs.</summary>
    /// <exception cref="RealtimeSchemaException">A table or a necessary column is missing, or an id column is not unique.</exception>
    public static async Task<RealtimeSchema> LoadAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        var codecs = await CodecsAsync(connection, cancellation);
        var columns = new List<RealtimeColumn>();
        var idMaxLength = 255;
        var present = new HashSet<(RealtimeTable, string)>();
        await using var command = new NpgsqlCommand("""
            select c.relname, a.attname, format_type(a.atttypid, null), t.typtype = 'e', t.typname,
                   case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end,
                   (select array_agg(enumlabel::text order by enumsortorder) from pg_enum where enumtypid = t.oid)
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            join pg_type t on t.oid = a.atttypid
            where n.nspname = $1 and c.relname in ('ps_endpoints', 'ps_auths', 'ps_aors')
            order by c.relname, a.attnum
            """, connection)
        { Parameters = { Parameter.Text(schema) } };
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                var table = RealtimeTable.FromName(reader.GetString(0));
                var name = reader.GetString(1);
                present.Add((table, name));
                if (name == "id")
                {
                    idMaxLength = Math.Min(idMaxLength, reader.IsDBNull(5) ? idMaxLength : reader.GetInt32(5));
                    continue;
                }
                columns.Add(new RealtimeColumn(
                    columns.Count, table, name, reader.GetString(2), KindOf(reader.GetBoolean(3), reader.GetString(4)),
                    reader.IsDBNull(6) ? null : reader.GetFieldValue<string[]>(6), reader.IsDBNull(5) ? null : reader.GetInt32(5),
                    name is "allow" or "disallow" ? codecs : null));
            }
        }
        var missing = Necessary.Where(column => !present.Contains(column))
            .Select(column => $"{schema}.{column.Table.Name}.{column.Column}").ToList();
        if (missing.Count > 0)
        {
            throw new RealtimeSchemaException(present.Count == 0
                ? $"There is no ps_endpoints, ps_auths, ps_aors in the schema {schema}: "
                    + "run pjsip-sync-worker init, or name the right schema in Realtime:Schema"
                : $"Missing: {string.Join(", ", missing)}. Every Asterisk from 13 on has them: "
                    + "run the database scripts of your Asterisk release (contrib/ast-db-manage), "
                    + "or name the right schema in Realtime:Schema");
        }
        foreach (var table in await WithoutUniqueIdAsync(connection, schema, cancellation))
        {
            throw new RealtimeSchemaException(
                $"{schema}.{table}.id is not unique: Asterisk's own scripts make it so, and without it rows cannot be upserted "
                + $"(alter table {table} add unique (id))");
        }
        return new RealtimeSchema(schema, columns, idMaxLength, await CanExpireAsync(connection, schema, cancellation));
    }

    /// <summary>Returns the codecs of all Asterisk servers that a worker has followed; none when init has not been run yet.</summary>
    private static async Task<string[]> CodecsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var exists = new NpgsqlCommand(
            "select exists (select from pg_attribute where attrelid = to_regclass('pjsip_sync.node') and attname = 'codecs')", connection);
        if (await exists.ExecuteScalarAsync(cancellation) is not true)
            return [];
        await using var command = new NpgsqlCommand(
            "select array(select distinct unnest(codecs) from pjsip_sync.node order by 1)", connection);
        return (string[])(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<List<string>> WithoutUniqueIdAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname in ('ps_endpoints', 'ps_auths', 'ps_aors') and not exists (
              select from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attname = 'id' and a.attnum = i.indkey[0]
              where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null)
            order by 1
            """, connection)
        { Parameters = { Parameter.Text(schema) } };
        return await command.ReadTextsAsync(cancellation);
    }

    private static async Task<bool> CanExpireAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select count(*) = 2 and bool_and(has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attname in ('endpoint', 'expiration_time') and not a.attisdropped
            where n.nspname = $1 and c.relname = 'ps_contacts'
            """, connection)
        { Parameters = { Parameter.Text(schema) } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static ColumnKind KindOf(bool isEnum, string type) => isEnum ? ColumnKind.Label : type switch
    {
        "text" or "varchar" or "bpchar" or "citext" => ColumnKind.Text,
        "int2" or "int4" or "int8" => ColumnKind.Whole,
        "float4" or "float8" or "numeric" => ColumnKind.Real,
        "bool" => ColumnKind.Boolean,
        _ => ColumnKind.Other,
    };
}

/// <summary>The ps_* tables are not usable; the message says what to do.</summary>
public sealed class RealtimeSchemaException(string message) : Exception(message);
