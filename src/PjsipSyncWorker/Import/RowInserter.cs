using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Import;

/// <summary>Inserts the rows of a plan in one transaction.</summary>
internal static class RowInserter
{
    /// <summary>Inserts all rows, or none.</summary>
    /// <returns>How many rows were inserted. Another program may have inserted some in the meantime.</returns>
    /// <exception cref="ImportException">The role may not insert, or a row breaks a rule of the table; nothing was inserted.</exception>
    public static async Task<int> InsertAsync(NpgsqlConnection connection, ImportPlan plan, CancellationToken cancellation)
    {
        if (plan.Rows.Count > 0 && plan.Table.Unfilled is [var column, ..])
        {
            throw new ImportException(
                $"{plan.Table.Name}.{column} takes no NULL and has no default, and a phone has no value for it. Nothing was inserted. "
                + $"Give it a default (alter table {plan.Table.Name} alter column {column} set default …), "
                + "or complete what import --print writes");
        }
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var inserted = 0;
        // One statement at a time, so that an error belongs to a row.
        foreach (var row in plan.Rows)
        {
            await using var command = new NpgsqlCommand(InsertScript.Statement(plan.Table, row), connection, transaction);
            try
            {
                inserted += await command.ExecuteNonQueryAsync(cancellation);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new ImportException(
                    $"{DatabaseErrors.Describe(error)}: the worker's role only reads {plan.Table.Name}. Nothing was inserted. "
                    + "Insert as the application's role, or as the table's owner: "
                    + $"pjsip-sync-worker import {plan.Inventory.Source} --print | psql -v ON_ERROR_STOP=1 -U ROLE {connection.Database}");
            }
            catch (PostgresException error) when (DatabaseErrors.MayBeOneRow(error))
            {
                // A trigger of the application may repeat the row.
                var reason = DatabaseErrors.Describe(error);
                if (row.Phone.Password is { Length: > 0 } password)
                    reason = reason.Replace(password, "***", StringComparison.Ordinal).Replace(
                        password.Replace("'", "''", StringComparison.Ordinal), "***", StringComparison.Ordinal);
                throw new ImportException($"The row of {row.Phone.Number} is refused: {reason}. Nothing was inserted");
            }
        }
        await transaction.CommitAsync(cancellation);
        return inserted;
    }
}
