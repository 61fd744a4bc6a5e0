using Npgsql;
using NpgsqlTypes;

namespace PjsipSyncWorker.Postgres;

internal static class Parameter
{
    public static NpgsqlParameter Texts(IEnumerable<string?> texts) =>
        new() { Value = texts as string?[] ?? [.. texts], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
