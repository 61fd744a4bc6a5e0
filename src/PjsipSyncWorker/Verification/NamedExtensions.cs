using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Verification;

/// <summary>Extensions with a problem: their number, and the newest of them with number and reason.</summary>
internal sealed record NamedExtensions(long Count, string Some)
{
    private const int Shown = 3;

    /// <param name="from">A table with the columns <c>id</c> and <c>reason</c>, and a condition if there is one.</param>
    /// <param name="since">The table's column with the time of the problem.</param>
    /// <param name="parameters">Those of the condition.</param>
    public static async Task<NamedExtensions> ReadAsync(
        NpgsqlDataSource dataSource, string from, string since, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = dataSource.CreateCommand(
            $"select count(*) over (), id, reason from {from} order by {since} desc, id limit {Shown}");
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var (count, some) = (0L, new List<string>());
        while (await reader.ReadAsync(cancellation))
        {
            count = reader.GetInt64(0);
            some.Add($"{(reader.TextOrNull(1) is { Length: > 0 } id ? id : "no number")}: {reader.GetString(2)}");
        }
        return new NamedExtensions(count, $"{string.Join("; ", some)}{(count > some.Count ? "; …" : "")}");
    }

    /// <summary>The extensions in words: <c>1 extension is rejected: …</c>, <c>2 extensions are rejected: …</c>.</summary>
    public string Say(string one, string many) => $"{Count} {(Count == 1 ? $"extension {one}" : $"extensions {many}")}: {Some}";
}
