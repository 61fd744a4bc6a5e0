using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>
/// Writes a plan that the database refused as a whole: bisects its changes, under savepoints, until only the bad rows are left out.
/// </summary>
internal static class BisectingWriter
{
    /// <summary>Writes the changes of a plan, without its rejections and without committing.</summary>
    /// <returns>The plan as it was carried out: a refused change is missing, and is a new rejection instead.</returns>
    public static async Task<Plan> WriteAsync(
        PlanWriter writer, NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        var refused = new Dictionary<EndpointChange, Rejection>();
        await Bisection.RunAsync(
            plan.Changes.ToArray(),
            part => TryWriteAsync(writer, connection, transaction, part, cancellation),
            Bisection.Halves,
            (part, error) => refused[part[0]] = new Rejection(part[0].RowKey, part[0].Id, Reason(error)));
        return refused.Count == 0 ? plan : plan with
        {
            Changes = [.. plan.Changes.Where(change => !refused.ContainsKey(change))],
            NewRejections = [.. plan.NewRejections, .. refused.Values],
            Repaired = [.. plan.Repaired.ExceptBy(refused.Values.Select(rejection => rejection.RowKey), repaired => repaired.RowKey)],
            Rejected = plan.Rejected + refused.Count,
        };
    }

    private static async Task<PostgresException?> TryWriteAsync(
        PlanWriter writer, NpgsqlConnection connection, NpgsqlTransaction transaction, EndpointChange[] changes,
        CancellationToken cancellation)
    {
        if (changes.Length == 0)
            return null;
        await transaction.SaveAsync("part", cancellation);
        try
        {
            await writer.WriteAsync(connection, transaction, changes, cancellation);
            await transaction.ReleaseAsync("part", cancellation);
            return null;
        }
        catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
        {
            await transaction.RollbackAsync("part", cancellation);
            await transaction.ReleaseAsync("part", cancellation);
            writer.ForgetColumnSets();
            return error;
        }
    }

    /// <summary>
    /// Returns the column and what is wrong with its value. The server's own text is left out, because it may repeat the value, which may
    /// be a password.
    /// </summary>
    internal static string Reason(PostgresException error)
    {
        var column = string.Join('.', new[] { error.TableName, error.ColumnName }.Where(part => !string.IsNullOrEmpty(part)));
        var fault = error.SqlState switch
        {
            PostgresErrorCodes.CheckViolation => $"violates the check {error.ConstraintName}",
            PostgresErrorCodes.UniqueViolation => $"violates the unique constraint {error.ConstraintName}",
            PostgresErrorCodes.ForeignKeyViolation => $"violates the foreign key {error.ConstraintName}",
            PostgresErrorCodes.NotNullViolation => "must have a value",
            PostgresErrorCodes.StringDataRightTruncation => "is too long",
            PostgresErrorCodes.NumericValueOutOfRange => "is out of range",
            PostgresErrorCodes.UntranslatableCharacter => "holds a character that this database's encoding does not have",
            _ => $"is refused by the database (SQLSTATE {error.SqlState})",
        };
        return column.Length == 0 ? $"a value {fault}" : $"{column} {fault}";
    }
}
