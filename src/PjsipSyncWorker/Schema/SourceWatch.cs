using Npgsql;

namespace PjsipSyncWorker.Schema;

/// <summary>
/// Notices that the application altered its table, made it anew, put another table in its place, or turned triggers off. Remembers what it
/// saw last from session to session. For one caller at a time.
/// </summary>
internal sealed class SourceWatch(TimeProvider time)
{
    /// <summary>How often the table is looked at. One look takes 0.4 ms of the server's processor.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Of the table: its identity, a hash of its columns, indexes and partitions (and of the columns of <c>Source:StatusTable</c>), and a
    /// hash of triggers and grants. No row without a table. Needs no right to the table or its schema. A statement of its own, because
    /// PostgreSQL keeps its plan, and would plan the body of a function each time.
    /// </summary>
    private const string Look = """
        with recursive source as materialized (
          select c.oid, c.relacl, s.nspacl, m.status_table
          from pjsip_sync.mapping m cross join parse_ident(m.source_table) as name
          join pg_namespace s on s.nspname = name[1] join pg_class c on c.relnamespace = s.oid and c.relname = name[2]
        ), part (oid) as (
          select oid from source
          union all
          select inhrelid from part join pg_inherits on inhparent = part.oid
        ), attribute as (
          select a.* from source join pg_attribute a on a.attrelid = source.oid and a.attnum > 0
          union all
          select a.* from source cross join parse_ident(nullif(status_table, '')) as name
          join pg_namespace s on s.nspname = name[1] join pg_class c on c.relnamespace = s.oid and c.relname = name[2]
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        )
        select oid,
          md5(concat_ws(',',
            (select string_agg(concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attisdropped), ','
                               order by attrelid, attnum) from attribute),
            (select string_agg(concat_ws(' ', indexrelid, indisvalid, indisprimary), ',' order by indexrelid)
             from pg_index where indrelid = source.oid),
            (select string_agg(oid::text, ',' order by oid) from part))),
          md5(concat_ws(',', nspacl, relacl, (select string_agg(attacl::text, ',' order by attrelid, attnum) from attribute),
            (select string_agg(concat_ws(' ', tgrelid, tgname, tgfoid, tgenabled), ',' order by tgrelid, tgname)
             from part join pg_trigger on tgrelid = part.oid and not tgisinternal)))
        from source
        """;

    private State? _seen;
    private bool _hasChanged;
    private long _readAt;

    /// <summary>Returns whether the table differs from what the last <see cref="LookAsync"/> saw. Asks once a second at most.</summary>
    public async Task<bool> HasChangedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_hasChanged || time.GetElapsedTime(_readAt) < Interval)
            return _hasChanged;
        _hasChanged = await ReadAsync(connection, cancellation) != _seen;
        return _hasChanged;
    }

    /// <summary>
    /// Remembers the table as it is now. To be called before the table is looked after, so that what the application alters meanwhile
    /// is seen by the next <see cref="HasChangedAsync"/>.
    /// </summary>
    public async Task<SourceChange> LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var (before, now) = (_seen, await ReadAsync(connection, cancellation));
        _hasChanged = false;
        if (now is null)
            return SourceChange.None; // A table that comes later is compared with the one that was there.
        _seen = now;
        return before is null ? SourceChange.None
            : before.Table != now.Table ? SourceChange.Replaced
            : before.Definition != now.Definition ? SourceChange.Altered
            : SourceChange.None;
    }

    private async Task<State?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Look, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        _readAt = time.GetTimestamp();
        return await reader.ReadAsync(cancellation)
            ? new State(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2))
            : null;
    }

    /// <param name="Recording">Of triggers and grants; repairing them is no change of the table.</param>
    private sealed record State(uint Table, string Definition, string Recording);
}

/// <summary>What happened to the application's table since the last look.</summary>
internal enum SourceChange
{
    None,

    /// <summary>Its columns, indexes or partitions are others.</summary>
    Altered,

    /// <summary>It was made anew, or another table has its name.</summary>
    Replaced,
}
