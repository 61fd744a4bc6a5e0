using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// How one Asterisk reads the database: through the view, from memory, and by which names. An Asterisk that fails these checks works,
/// but reads more than it needs to.
/// </summary>
internal sealed class ReadingChecks(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings, string node)
{
    /// <summary>A name that no object has, because an id cannot contain a space.</summary>
    private const string NoObject = "nobody here";

    private const string NoViewAdvice =
        "Run pjsip-sync-worker init as the owner of ps_endpoints. "
        + "A server whose extconfig.conf names the view cannot read any endpoint until then";

    private const string ViewAdvice =
        "In extconfig.conf: ps_endpoints = odbc,asterisk,ps_endpoints_for_server (render-config writes it); then restart Asterisk";

    private const string CacheAdvice =
        "In sorcery.conf a line such as auth/cache = memory_cache,name=auth_cache,object_lifetime_maximum=600 "
        + "before each of endpoint, auth and aor (render-config writes them); then restart Asterisk";

    private const string StaleAdvice = "Take object_lifetime_stale out of its line in sorcery.conf; then restart Asterisk";

    private const string LookForDomainsAdvice =
        "Asterisk:Render:MultiDomain = true, then render-config; or in pjsip.conf, section [global]: disable_multi_domain = no; "
        + "then restart Asterisk";

    private const string NoDomainsAdvice =
        "In pjsip.conf, section [global]: disable_multi_domain = yes (render-config writes it); then restart Asterisk";

    /// <summary>
    /// Checks that the server reads endpoints through the view and is known to it by its connection's name, so that the view can
    /// hide the other endpoints when a new extension is announced.
    /// </summary>
    public async Task<CheckResult> ViewAsync(CancellationToken cancellation)
    {
        if (!await HasViewAsync(cancellation))
            return CheckResult.Fail($"the view {settings.Realtime.Schema}.ps_endpoints_for_server is missing", NoViewAdvice);
        var mapped = await new RealtimeLink(asterisk).MappingAsync("ps_endpoints", cancellation);
        if (mapped is null || !mapped.Contains("table=ps_endpoints_for_server)", StringComparison.Ordinal))
            return CheckResult.Warn("this server reads ps_endpoints itself: each new extension makes it read all of them", ViewAdvice);
        return await IsNamedAsync(cancellation)
            ? CheckResult.Pass($"through ps_endpoints_for_server, as \"asterisk {node}\"")
            : CheckResult.Warn(
                $"no connection to the database is named \"asterisk {node}\": each new extension makes this server read all endpoints",
                $"In odbc.ini: ConnSettings = …; set application_name to \"asterisk {node}\" (render-config --node {node} writes it); "
                + "then restart Asterisk. Two servers must not have one name");
    }

    /// <summary>
    /// Checks that the server answers a REGISTER from memory caches, and that the worker can expire single objects in them.
    /// </summary>
    public async Task<CheckResult> CachesAsync(CancellationToken cancellation)
    {
        var names = await MemoryCaches.NamesAsync(asterisk, cancellation);
        if (names.Count == 0)
            return CheckResult.Warn("this server has no memory caches: each REGISTER reads the database six times", CacheAdvice);
        foreach (var name in names)
        {
            if (await MemoryCaches.ExpireAsync(asterisk, name, [NoObject], cancellation) == CacheAnswer.HoldsWholeBackend)
            {
                return CheckResult.Fail(
                    $"the cache {name} has full_backend_cache: no single object can be expired, "
                    + "so the worker empties it at each change and Asterisk reads the whole table again",
                    $"Take full_backend_cache out of its line in sorcery.conf. {CacheAdvice}");
            }
            var shown = await new AsteriskConsole(asterisk).RunAsync($"sorcery memory cache show {name}", cancellation);
            if (shown.Says("before object becomes stale"))
            {
                return CheckResult.Warn(
                    $"the cache {name} has object_lifetime_stale: "
                    + "Asterisk drops a stale object when the database answers with an error (asterisk issue 273)",
                    StaleAdvice);
            }
        }
        return CheckResult.Pass($"{string.Join(", ", names)}: the worker expires what changes");
    }

    /// <summary>Checks that the server looks for endpoints named <c>number@domain</c> if there are any, and only then.</summary>
    public async Task<CheckResult> DomainsAsync(CancellationToken cancellation)
    {
        var shown = await new AsteriskConsole(asterisk).RunAsync("pjsip show settings", cancellation);
        var isOff = shown.Output.Any(line =>
            line.Split(':', 2, StringSplitOptions.TrimEntries) is ["disable_multi_domain", "true" or "yes"]);
        var withDomain = await WithDomainAsync(cancellation);
        if (isOff)
        {
            return withDomain == 0
                ? CheckResult.Pass("endpoints are looked for by their number alone")
                : CheckResult.Fail(
                    $"{Plural.Of(withDomain, "endpoint is", "endpoints are")} named NUMBER@DOMAIN, "
                    + "and this server does not look for such (disable_multi_domain = yes)",
                    LookForDomainsAdvice);
        }
        return withDomain > 0
            ? CheckResult.Pass($"endpoints are looked for by NUMBER@DOMAIN too, and {withDomain} are named so")
            : CheckResult.Warn(
                "endpoints are looked for by NUMBER@DOMAIN first, and none is named so: two reads of the database more for each REGISTER",
                NoDomainsAdvice);
    }

    private async Task<bool> HasViewAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                           where n.nspname = $1 and c.relname = 'ps_endpoints_for_server')
            """);
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<bool> IsNamedAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select exists (select from pg_stat_activity where datname = current_database() and application_name = 'asterisk ' || $1)
            """);
        command.Parameters.Add(new() { Value = node });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<long> WithDomainAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            $"select count(*) from {Identifier.Quote(settings.Realtime.Schema)}.ps_endpoints where id like '%@%'");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
