using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Import;

/// <summary>A column of the application's table into which an import writes a field.</summary>
/// <param name="Quoted">Its name as a quoted identifier, where that is needed.</param>
/// <param name="Type">The name of its type, under its domains.</param>
/// <param name="MaxLength">In characters, for varchar and char; null for other types.</param>
/// <param name="IsRequired">Whether it takes no NULL and has no default.</param>
internal sealed record SourceColumn(string Quoted, string Type, int? MaxLength, bool IsRequired)
{
    /// <summary>A value that means the same as NULL, for a column that takes none; null when the type has no such value.</summary>
    public string? Empty => Type switch
    {
        "text" or "varchar" or "bpchar" or "citext" => "",
        "json" or "jsonb" => "{}",
        "bool" => "false",
        _ => null,
    };

    /// <summary>Returns why the column does not take a value; null when it may.</summary>
    public string? Problem(string value) => Type switch
    {
        "int2" or "int4" or "int8" when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || number.ToString(CultureInfo.InvariantCulture) != value
            || Type == "int2" && number != (short)number || Type == "int4" && number != (int)number => $"takes whole numbers ({Type})",
        "numeric" when !value.All(char.IsAsciiDigit) || value is ['0', _, ..] => "takes numbers (numeric)",
        "uuid" when !Guid.TryParse(value, out _) => "takes UUIDs",
        _ when value.Length > MaxLength => $"takes at most {MaxLength} characters",
        _ => null,
    };
}

/// <summary>The application's table, as far as an import writes it.</summary>
internal sealed class SourceTable
{
    /// <summary>Its name with its schema, quoted where that is needed.</summary>
    public required string Name { get; init; }

    /// <summary>The columns by the worker's name for the field. A field that is mapped to an expression is not here.</summary>
    public required IReadOnlyDictionary<string, SourceColumn> Columns { get; init; }

    /// <summary>The fields that an expression computes, so that an import cannot write them.</summary>
    public required IReadOnlySet<string> Computed { get; init; }

    /// <summary>Other columns that take no NULL and have no default, quoted.</summary>
    public required IReadOnlyList<string> Unfilled { get; init; }

    /// <summary>Whether a unique index has the number alone, so that <c>on conflict</c> can name it.</summary>
    public required bool NumberIsUnique { get; init; }

    /// <summary>Reads the mapping and the columns from the database.</summary>
    /// <exception cref="ImportException">The number or the password is an expression.</exception>
    public static async Task<SourceTable> LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select (select format('%s.%I', relnamespace::regnamespace, relname) from pg_class where oid = m.source),
                   f.key, a.attname is not null and a.attgenerated = '' and a.attidentity <> 'a', quote_ident(a.attname),
                   (select typname from pjsip_sync.base_type(m.source, f.value) join pg_type on pg_type.oid = typ),
                   case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end,
                   a.attnotnull and not a.atthasdef and a.attidentity = '',
                   f.key = 'number' and exists (
                     select from pg_index where indrelid = m.source and indisunique and indisvalid and indimmediate
                       and indpred is null and indnkeyatts = 1 and indkey[0] = a.attnum)
            from (select to_regclass(source_table) as source, columns from pjsip_sync.mapping) as m
            cross join jsonb_each_text(m.columns) as f
            left join pg_attribute a on a.attrelid = m.source and a.attname = f.value and a.attnum > 0 and not a.attisdropped
            where f.key in (select pjsip_sync.extension_fields(false))
            """, connection);
        var columns = new Dictionary<string, SourceColumn>(StringComparer.Ordinal);
        var computed = new HashSet<string>(StringComparer.Ordinal);
        var (name, isUnique) = ("", false);
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                name = reader.GetString(0);
                if (reader.GetBoolean(2))
                {
                    isUnique |= reader.GetBoolean(7);
                    columns[reader.GetString(1)] = new SourceColumn(
                        reader.GetString(3), reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetInt32(5), reader.GetBoolean(6));
                }
                else
                    computed.Add(reader.GetString(1));
            }
        }
        foreach (var field in new[] { "number", "password" })
        {
            if (!columns.ContainsKey(field))
            {
                throw new ImportException(
                    $"The {field} is mapped to an expression or a generated column, into which nothing can be inserted: "
                    + $"name a column in Source:Columns, or write the rows of {name} with your application");
            }
        }
        return new SourceTable
        {
            Name = name, Columns = columns, Computed = computed, NumberIsUnique = isUnique,
            Unfilled = await UnfilledAsync(connection, cancellation),
        };
    }

    private static async Task<List<string>> UnfilledAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select quote_ident(attname)
            from pjsip_sync.mapping m join pg_attribute on attrelid = to_regclass(m.source_table)
            where attnum > 0 and not attisdropped and attnotnull and not atthasdef and attidentity = '' and attgenerated = ''
              and attname not in (
                select value from jsonb_each_text(m.columns) where key in (select pjsip_sync.extension_fields(false)))
            order by attnum
            """, connection);
        return await command.ReadTextsAsync(cancellation);
    }
}

/// <summary>An import is not possible; the message says why and what to do.</summary>
internal sealed class ImportException(string message) : Exception(message);
