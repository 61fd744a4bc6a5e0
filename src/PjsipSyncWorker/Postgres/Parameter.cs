using Npgsql;
using NpgsqlTypes;

namespace PjsipSyncWorker.Postgres;

/// <summary>Parameters of statements, with the type that the server expects even when a value is null or an array is empty.</summary>
internal static class Parameter
{
    /// <summary>A value that is not null and whose type says which one it is in SQL.</summary>
    public static NpgsqlParameter Of(object value) => new() { Value = value };

    /// <summary>A <c>text</c>; null becomes NULL.</summary>
    public static NpgsqlParameter Text(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>A <c>text[]</c>, whose elements may be null. An array is not copied.</summary>
    public static NpgsqlParameter Texts(IEnumerable<string?> texts) =>
        new() { Value = texts as string?[] ?? [.. texts], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    /// <summary>An array of another type. An array is not copied.</summary>
    /// <param name="elementType">The type of one element.</param>
    /// <param name="values">The elements, in order.</param>
    public static NpgsqlParameter Array<T>(NpgsqlDbType elementType, IEnumerable<T> values) =>
        new() { Value = values as T[] ?? [.. values], NpgsqlDbType = NpgsqlDbType.Array | elementType };
}
