using Npgsql;

namespace PjsipSyncWorker.Postgres;

internal static class ReaderExtensions
{
    public static string? TextOrNull(this NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
