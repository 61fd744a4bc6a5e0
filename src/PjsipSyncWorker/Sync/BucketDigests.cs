using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Spares a full comparison what an earlier one found equal. The extensions are in parts, and the mark of a part tells its rows
/// from any that were written since: only parts with another mark than then are looked at.
/// </summary>
internal sealed class BucketDigests
{
    private readonly List<string?> _marks = [];
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private string _configuration = "";

    /// <summary>Every part there is: what <c>pjsip_sync.bucket_of()</c> gives.</summary>
    public static IReadOnlyList<int> AllBuckets { get; } = [.. Enumerable.Range(0, BucketCount)];

    /// <summary>The same as <c>pjsip_sync.bucket_count()</c>.</summary>
    public const int BucketCount = 4096;

    /// <summary>With so many open ids hardly a part has none.</summary>
    private static int Many => 10 * AllBuckets.Count;

    /// <summary>The parts that must be looked at.</summary>
    public List<int> Parts { get; } = [];

    /// <param name="all">Whether to look at everything, whatever was found before.</param>
    public static async Task<BucketDigests> LoadAsync(NpgsqlConnection connection, bool all, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            with now as materialized (select pjsip_sync.comparison_fingerprint($1) as configuration)
            select m.bucket, m.digest::text, now.configuration
            from pjsip_sync.bucket_digests() m cross join now
            left join pjsip_sync.bucket_digest c on c.bucket = m.bucket and c.digest = m.digest and c.configuration = now.configuration
            where c.bucket is null or $2
            """, connection)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { new() { Value = BuildInfo.Version }, new() { Value = all } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var marks = new BucketDigests();
        while (await reader.ReadAsync(cancellation))
        {
            marks.Parts.Add(reader.GetInt32(0));
            marks._marks.Add(reader.TextOrNull(1));
            marks._configuration = reader.GetString(2);
        }
        return marks;
    }

    /// <summary>Some of these parts were looked at, and this is not simply as it should be.</summary>
    public void Open(IReadOnlyCollection<string> ids)
    {
        if (_open.Count < Many)
            _open.UnionWith(ids);
    }

    /// <summary>All of these parts are looked at now; where nothing is open they are as they should be. The marks are older than the looks, never younger.</summary>
    public async Task RememberAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (Parts.Count == 0 || _open.Count >= Many)
            return;
        await using var command = new NpgsqlCommand("""
            insert into pjsip_sync.bucket_digest as c (bucket, digest, configuration)
            select bucket, digest::numeric, $3 from unnest($1, $2) as compared (bucket, digest)
            where digest is not null and bucket not in (select pjsip_sync.bucket_of(id) from unnest($4) as id)
            order by bucket
            on conflict (bucket) do update set digest = excluded.digest, configuration = excluded.configuration
            where (c.digest, c.configuration) is distinct from (excluded.digest, excluded.configuration)
            """, connection)
        {
            Parameters =
            {
                new() { Value = Parts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                Parameter.Texts(_marks),
                new() { Value = _configuration },
                Parameter.Texts(_open),
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
