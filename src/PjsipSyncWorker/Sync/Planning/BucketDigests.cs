using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>
/// Lets a full comparison skip what an earlier one found as desired. Ids are hashed into buckets. Each bucket has a digest of the versions
/// of its rows, in the application's table and in the worker's. A bucket is compared again only if its digest, the mapping, the columns or
/// the worker's version has changed since the digest was stored. One instance serves one comparison.
/// </summary>
internal sealed class BucketDigests
{
    private readonly List<string?> _digests = [];
    private readonly HashSet<string> _unsettledIds = new(StringComparer.Ordinal);
    private string _configuration = "";

    /// <summary>Every bucket: all numbers that <c>pjsip_sync.bucket_of()</c> returns.</summary>
    public static IReadOnlyList<int> AllBuckets { get; } = [.. Enumerable.Range(0, BucketCount)];

    /// <summary>Number of buckets; the same as <c>pjsip_sync.bucket_count()</c>.</summary>
    public const int BucketCount = 4096;

    /// <summary>Above this many unsettled ids nearly every bucket has one, so that storing digests would save nothing.</summary>
    private static int MaxUnsettled => 10 * AllBuckets.Count;

    /// <summary>The buckets that must be compared.</summary>
    public List<int> Buckets { get; } = [];

    /// <summary>Computes the digests of all buckets and keeps those that must be compared.</summary>
    /// <param name="all">Whether all buckets must be compared, whatever earlier comparisons found.</param>
    public static async Task<BucketDigests> LoadAsync(NpgsqlConnection connection, bool all, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            with now as materialized (select pjsip_sync.comparison_fingerprint($1) as configuration)
            select m.bucket, m.digest::text, now.configuration
            from pjsip_sync.bucket_digests() m cross join now
            left join pjsip_sync.bucket_digest c on c.bucket = m.bucket and c.digest = m.digest and c.configuration = now.configuration
            where c.bucket is null or $2
            """, connection)
        { CommandTimeout = DataSource.BulkTimeoutSeconds, Parameters = { Parameter.Of(BuildInfo.Version), Parameter.Of(all) } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var loaded = new BucketDigests();
        while (await reader.ReadAsync(cancellation))
        {
            loaded.Buckets.Add(reader.GetInt32(0));
            loaded._digests.Add(reader.TextOrNull(1));
            loaded._configuration = reader.GetString(2);
        }
        return loaded;
    }

    /// <summary>Notes ids that were compared and are not simply as desired. The digests of their buckets will not be stored.</summary>
    public void AddUnsettled(IReadOnlyCollection<string> ids)
    {
        if (_unsettledIds.Count < MaxUnsettled)
            _unsettledIds.UnionWith(ids);
    }

    /// <summary>
    /// Stores the digests of the buckets without an unsettled id, after all of <see cref="Buckets"/> were compared. The digests were
    /// computed before the rows were compared, so that a row that was written meanwhile always makes another digest and is never missed.
    /// </summary>
    public async Task StoreAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (Buckets.Count == 0 || _unsettledIds.Count >= MaxUnsettled)
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
                Parameter.Array(NpgsqlDbType.Integer, Buckets),
                Parameter.Texts(_digests),
                Parameter.Text(_configuration),
                Parameter.Texts(_unsettledIds),
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
