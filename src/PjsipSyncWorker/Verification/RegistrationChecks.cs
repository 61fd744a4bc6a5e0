using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Verification;

/// <summary>The registrations in numbers.</summary>
/// <param name="Total">Number of extensions.</param>
/// <param name="Online">Number of extensions with a registration that counts.</param>
/// <param name="ByNode">Number of contacts by Asterisk node.</param>
/// <param name="ByTransport">Number of contacts by transport: udp, tcp, tls, ws, wss.</param>
internal sealed record RegistrationStatistics(
    long Total, long Online, IReadOnlyDictionary<string, long> ByNode, IReadOnlyDictionary<string, long> ByTransport);

/// <summary>Loop 2: whether a worker follows each node, and what is registered.</summary>
internal sealed class RegistrationChecks(NpgsqlDataSource dataSource, WorkerSettings settings)
{
    private const string StatusAdvice =
        "Correct these rows, or the trigger or constraint that forbids to update them: select * from pjsip_sync.status_rejected";

    /// <summary>
    /// SQL for the transport of a contact. ContactUri does the same in C#; here PostgreSQL counts, so that no contact is
    /// transferred.
    /// </summary>
    private const string Transport =
        "coalesce(lower(substring(uri from '(?i);transport=([a-z]+)')), case when uri ilike 'sips:%' then 'tls' else 'udp' end)";

    /// <summary>Null until registrations.statistics has run.</summary>
    public RegistrationStatistics? Statistics { get; private set; }

    /// <summary>The checks, each after those that it requires.</summary>
    public IEnumerable<Check> Checks =>
    [
        .. settings.Asterisk.Nodes.Select(Followed),
        new("registrations.status", StatusAsync) { Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights] },
        new("registrations.statistics", StatisticsAsync) { Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights] },
    ];

    private Check Followed(NodeSettings node) => new("registrations.followed", cancellation => FollowedAsync(node.Name, cancellation))
    {
        Node = node.Name,
        Requires = [DatabaseChecks.Schema, DatabaseChecks.Rights],
    };

    private async Task<CheckResult> FollowedAsync(string node, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select connected and last_seen_at > now() - m.stale_after, degraded,
                   (select count(*) from pjsip_sync.managed_endpoint e where e.aor_revision > n.refreshed_revision and e.deleted_at is null)
            from pjsip_sync.node n, pjsip_sync.mapping m where name = $1
            """);
        command.Parameters.Add(new() { Value = node });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation) || reader.IsDBNull(0) || !reader.GetBoolean(0))
        {
            return CheckResult.Warn("no worker follows this node: its registrations are not known",
                "Start the worker with this node in Asterisk:Nodes, and look at its log");
        }
        if (reader.TextOrNull(1) is { } degraded)
            return CheckResult.Fail($"followed, but {degraded}", "See asterisk.proof and asterisk.privileges of this node");
        return reader.GetInt64(2) == 0
            ? CheckResult.Pass("followed, and every endpoint is announced")
            : CheckResult.Warn($"followed, but {Plural.Of(reader.GetInt64(2), "endpoint is", "endpoints are")} not announced yet",
                "Wait: the worker announces at the pace of Asterisk:RefreshesPerSecond");
    }

    private async Task<CheckResult> StatusAsync(CancellationToken cancellation)
    {
        var without = await NamedExtensions.ReadAsync(dataSource, "pjsip_sync.status_rejected", "rejected_at", cancellation);
        return without.Count == 0
            ? CheckResult.Pass("every status can be written")
            : CheckResult.Warn(without.Say("does not get a status", "do not get a status"), StatusAdvice);
    }

    private async Task<CheckResult> StatisticsAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var (total, online) = (0L, 0L);
        await using (var command = new NpgsqlCommand(
            "select count(*), count(*) filter (where status = 'online') from pjsip_sync.registration", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            (total, online) = (reader.GetInt64(0), reader.GetInt64(1));
        }
        var byNode = await CountAsync("node");
        var byTransport = await CountAsync(Transport);
        Statistics = new RegistrationStatistics(total, online, byNode, byTransport);
        var without = settings.Asterisk.Nodes.Count == 0 ? "; none is followed, since Asterisk:Nodes is empty" : "";
        return CheckResult.Pass($"{online} of {Plural.Of(total, "extension")} online{Listed(byTransport)}{Listed(byNode)}{without}");

        async Task<Dictionary<string, long>> CountAsync(string by)
        {
            await using var command = new NpgsqlCommand($"select {by}, count(*) from pjsip_sync.contact group by 1 order by 1", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var counts = new Dictionary<string, long>(StringComparer.Ordinal);
            while (await reader.ReadAsync(cancellation))
                counts[reader.GetString(0)] = reader.GetInt64(1);
            return counts;
        }

        static string Listed(Dictionary<string, long> counts) =>
            counts.Count == 0 ? "" : $"; contacts {string.Join(", ", counts.Select(pair => $"{pair.Key} {pair.Value}"))}";
    }
}
