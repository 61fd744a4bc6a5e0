using Npgsql;

namespace PjsipSyncWorker.Schema;

/// <summary>
/// Notices that the application altered its table, made it anew, put another table in its place, or turned triggers off. Remembers what it
/// saw last from session to session. For one caller at a time.
/// </summary>
internal sealed class SourceWatch(TimeProvider time)
{
    /// <summary>How often the definition is read. One read takes less than a millisecond of the server.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

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
        var before = _seen;
        _seen = await ReadAsync(connection, cancellation);
        _hasChanged = false;
        return before is null ? SourceChange.None
            : before.Table != _seen?.Table ? SourceChange.Replaced
            : before.Definition != _seen?.Definition ? SourceChange.Altered
            : SourceChange.None;
    }

    private async Task<State?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select relation, definition, recording from pjsip_sync.source_state()", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        _readAt = time.GetTimestamp();
        return reader.IsDBNull(0) ? null : new State(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2));
    }

    /// <param name="Recording">Changes with the triggers and the grants; repairing them is no change of the table.</param>
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
