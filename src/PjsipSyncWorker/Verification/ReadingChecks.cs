using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>How one Asterisk reads the database: through the view, from memory, by which names. What is missing works, and costs.</summary>
internal sealed class ReadingChecks(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings, string node)
{
    /// <summary>No object has this name: a space cannot be part of an id.</summary>
    private const string Nobody = "nobody here";

    /// <summary>Whether the server's reads of all endpoints can be told apart, so that one new extension does not cost a read of all.</summary>
    public async Task<Finding> ViewAsync(CancellationToken cancellation)
    {
        if (!await HasViewAsync(cancellation))
        {
            return Finding.Fail($"the view {settings.Realtime.Schema}.ps_endpoints_for_server is missing",
                "Run pjsip-sync-worker init as the owner of ps_endpoints. A server whose extconfig.conf names the view cannot read any endpoint until then");
        }
        var mapped = await new RealtimeLink(asterisk).MappingAsync("ps_endpoints", cancellation);
        if (mapped is null || !mapped.Contains("table=ps_endpoints_for_server)", StringComparison.Ordinal))
        {
            return Finding.Warn("this server reads ps_endpoints itself: each new extension makes it read all of them",
                "In extconfig.conf: ps_endpoints = odbc,asterisk,ps_endpoints_for_server (render-config writes it); then restart Asterisk");
        }
        return await IsNamedAsync(cancellation)
            ? Finding.Pass($"through ps_endpoints_for_server, as \"asterisk {node}\"")
            : Finding.Warn($"no connection to the database is named \"asterisk {node}\": each new extension makes this server read all endpoints",
                $"In odbc.ini: ConnSettings = …; set application_name to \"asterisk {node}\" (render-config --node {node} writes it); then restart Asterisk. Two servers must not have one name");
    }

    /// <summary>Whether REGISTERs are answered from memory, and whether what is there can be kept true.</summary>
    public async Task<Finding> CachesAsync(CancellationToken cancellation)
    {
        const string advice = "In sorcery.conf a line such as auth/cache = memory_cache,name=auth_cache,object_lifetime_maximum=600 before each of endpoint, auth and aor (render-config writes them); then restart Asterisk";
        var names = await MemoryCaches.NamesAsync(asterisk, cancellation);
        if (names.Count == 0)
            return Finding.Warn("this server has no memory caches: each REGISTER reads the database six times", advice);
        foreach (var name in names)
        {
            if (await MemoryCaches.ExpireAsync(asterisk, name, [Nobody], cancellation) == CacheAnswer.HoldsWholeBackend)
            {
                return Finding.Fail($"the cache {name} has full_backend_cache: no single object can be expired, so the worker empties it at each change and Asterisk reads the whole table again",
                    $"Take full_backend_cache out of its line in sorcery.conf. {advice}");
            }
            var shown = await new AsteriskConsole(asterisk).RunAsync($"sorcery memory cache show {name}", cancellation);
            if (shown.Says("before object becomes stale"))
            {
                return Finding.Warn($"the cache {name} has object_lifetime_stale: Asterisk drops a stale object when the database answers with an error (asterisk issue 273)",
                    "Take object_lifetime_stale out of its line in sorcery.conf; then restart Asterisk");
            }
        }
        return Finding.Pass($"{string.Join(", ", names)}: the worker expires what changes");
    }

    /// <summary>Whether endpoints named with a domain can be found, and whether looking for them is paid for in vain.</summary>
    public async Task<Finding> DomainsAsync(CancellationToken cancellation)
    {
        var shown = await new AsteriskConsole(asterisk).RunAsync("pjsip show settings", cancellation);
        var isOff = shown.Output.Any(line => line.Split(':', 2, StringSplitOptions.TrimEntries) is ["disable_multi_domain", "true" or "yes"]);
        var withDomain = await WithDomainAsync(cancellation);
        if (isOff)
        {
            return withDomain == 0
                ? Finding.Pass("endpoints are looked for by their number alone")
                : Finding.Fail($"{withDomain} endpoints are named NUMBER@DOMAIN, and this server does not look for such (disable_multi_domain = yes)",
                    "Asterisk:Render:MultiDomain = true, then render-config; or in pjsip.conf, section [global]: disable_multi_domain = no; then restart Asterisk");
        }
        return withDomain > 0
            ? Finding.Pass($"endpoints are looked for by NUMBER@DOMAIN too, and {withDomain} are named so")
            : Finding.Warn("endpoints are looked for by NUMBER@DOMAIN first, and none is named so: two reads of the database more for each REGISTER",
                "In pjsip.conf, section [global]: disable_multi_domain = yes (render-config writes it); then restart Asterisk");
    }

    private async Task<bool> HasViewAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'ps_endpoints_for_server')");
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<bool> IsNamedAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select exists (select from pg_stat_activity where datname = current_database() and application_name = 'asterisk ' || $1)");
        command.Parameters.Add(new() { Value = node });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<long> WithDomainAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"select count(*) from {Identifier.Quote(settings.Realtime.Schema)}.ps_endpoints where id like '%@%'");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
