using Npgsql;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync.Writing;

/// <summary>Writes a plan that the database refused as a whole: halves it, under savepoints, until only the bad rows are left out.</summary>
internal static class BisectingWriter
{
    /// <returns>The plan as it was carried out: what was refused is among the rejections.</returns>
    public static async Task<Plan> WriteAsync(
        PlanWriter writer, NpgsqlConnection connection, NpgsqlTransaction transaction, Plan plan, CancellationToken cancellation)
    {
        var refused = new Dictionary<EndpointChange, Rejection>();
        await WriteAsync(plan.Changes);
        return refused.Count == 0 ? plan : plan with
        {
            Changes = [.. plan.Changes.Where(change => !refused.ContainsKey(change))],
            Rejections = [.. plan.Rejections, .. refused.Values],
            Repaired = [.. plan.Repaired.Except(refused.Values.Select(rejection => rejection.RowKey))],
            Refused = plan.Refused + refused.Count,
        };

        async Task WriteAsync(IReadOnlyList<EndpointChange> changes)
        {
            if (changes.Count == 0)
                return;
            await transaction.SaveAsync("part", cancellation);
            try
            {
                await writer.WriteAsync(connection, transaction, changes, cancellation);
                await transaction.ReleaseAsync("part", cancellation);
                return;
            }
            catch (PostgresException error) when (DatabaseErrors.RejectsRow(error))
            {
                await transaction.RollbackAsync("part", cancellation);
                await transaction.ReleaseAsync("part", cancellation);
                writer.ForgetColumnSets();
                if (changes.Count == 1)
                {
                    refused[changes[0]] = new Rejection(changes[0].RowKey, changes[0].Id, Reason(error));
                    return;
                }
            }
            var half = changes.Count / 2;
            await WriteAsync([.. changes.Take(half)]);
            await WriteAsync([.. changes.Skip(half)]);
        }
    }

    /// <summary>Where and what, but not the server's text: it may repeat the value, and the value may be a password.</summary>
    internal static string Reason(PostgresException error)
    {
        var place = string.Join('.', new[] { error.TableName, error.ColumnName }.Where(part => !string.IsNullOrEmpty(part)));
        var what = error.SqlState switch
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
        return place.Length == 0 ? $"a value {what}" : $"{place} {what}";
    }
}
