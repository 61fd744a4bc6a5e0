using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>What every reader of rows may need.</summary>
internal static class ReaderExtensions
{
    /// <summary>Returns the text of a column, null for NULL.</summary>
    /// <param name="ordinal">Position of the column, from 0.</param>
    public static string? TextOrNull(this NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    /// <summary>Runs a query whose first column is a text that is never NULL, and returns its values in the order of the rows.</summary>
    public static async Task<List<string>> ReadTextsAsync(this NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var texts = new List<string>();
        while (await reader.ReadAsync(cancellation))
            texts.Add(reader.GetString(0));
        return texts;
    }
}
