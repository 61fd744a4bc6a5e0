using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>What every batch of statements may need.</summary>
internal static class BatchExtensions
{
    /// <summary>Appends a statement.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    /// <summary>
    /// Appends the end of the transaction, which so needs no round trip of its own. The batch must run inside an open
    /// <see cref="NpgsqlTransaction"/>. When it has run that transaction is over: it is only to be disposed, and
    /// <see cref="NpgsqlTransaction.CommitAsync"/> must not be called. When a statement of the batch fails PostgreSQL skips
    /// the commit, and disposing rolls back.
    /// </summary>
    public static void AddCommit(this NpgsqlBatch batch) => batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
}
