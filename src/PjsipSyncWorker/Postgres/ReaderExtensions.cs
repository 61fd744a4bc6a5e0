using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>What every reader of rows may need.</summary>
internal static class ReaderExtensions
{
    /// <summary>Returns the text of a column, null for NULL.</summary>
    /// <param name="ordinal">Position of the column, from 0.</param>
    public static string? TextOrNull(this NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
