using System.Text.RegularExpressions;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.IntegrationTests.Schema;

/// <summary>What C# and SQL both name, and the list of objects that the worker uses.</summary>
public sealed partial class SchemaProtocolTests(PostgresServer server)
{
    [Fact]
    public async Task Version_buckets_locks_and_channels_are_the_same_in_sql()
    {
        await using var database = await SyncRig.InstalledAsync(server);

        Assert.Equal([$"{Installation.SchemaVersion}|{Installation.SchemaVersion}|{BucketDigests.BucketCount}"], await database.RowsAsync(
            "select pjsip_sync.schema_version(), schema_version, pjsip_sync.bucket_count() from pjsip_sync.mapping"));
        Assert.Equal($"{BucketDigests.BucketCount - 1}", Assert.Single(await database.RowsAsync("""
            select max(pjsip_sync.bucket_of(g::text)) from generate_series(1, 100000) g
            """)));
        // Numbers that a release has used stay, because an older worker may still hold them.
        Assert.Equal(["1885957737|1|1885957737|2|1885957737|3|1885957738"], await database.RowsAsync(
            $"select {AdvisoryLock.RealtimeWriter}, {AdvisoryLock.StatusWriter}, {AdvisoryLock.IdleWorker}, pjsip_sync.node_lock_class()"));
        Assert.StartsWith("pjsip_sync.node_lock_class()", AdvisoryLock.Node, StringComparison.Ordinal);
        string[] notifying = [$"notify_change|{Channels.Change}", $"announce_status|{Channels.ExtensionStatus}",
            $"announce_device_state|{Channels.ExtensionDeviceState}"];
        Assert.Equal(notifying, await database.RowsAsync(
            "select proname, substring(prosrc from 'pg_notify\\(''(\\w+)''') from pg_proc where pronamespace = "
                + "'pjsip_sync'::regnamespace and prosrc like '%pg_notify(%' order by proname desc"));
    }

    [Fact]
    public async Task The_fields_of_an_extension_are_the_same_in_sql()
    {
        await using var database = await SyncRig.InstalledAsync(server);

        var read = await database.RowsAsync("select * from pjsip_sync.extension_fields(false)");
        // Between the key and these, extensions() has the number, and after it whether the row is active.
        Assert.Equal([.. new[] { "row_key", "number", "active" }, .. read.Skip(1)], await database.RowsAsync(
            """
                select name from pg_proc, unnest(proargnames, proargmodes) as argument (name, mode)
                  where oid = 'pjsip_sync.extensions'::regproc and mode = 't'
                """));
        Assert.Equal(read, typeof(Extension).GetConstructors()[0].GetParameters()
            .Select(parameter => SnakeCase(parameter.Name!)).Where(name => name is not ("row_key" or "active" or "mailbox")));
    }

    [Fact]
    public async Task Each_object_that_the_worker_names_is_listed()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var named = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file)).Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal))
            .SelectMany(line => ObjectName().Matches(line)).Select(match => match.Groups[1].Value).Distinct().ToArray();
        Assert.InRange(named.Length, 30, 200);

        // Also what the functions among them call with the caller's rights.
        Assert.Empty(await database.RowsAsync("""
            with existing as (
              select relname as name from pg_class where relnamespace = 'pjsip_sync'::regnamespace
              union select proname from pg_proc where pronamespace = 'pjsip_sync'::regnamespace
            ), used as (
              select unnest($1::text[]) as name
              union
              select (regexp_matches(prosrc, 'pjsip_sync\.([a-z_]+)', 'g'))[1] from pjsip_sync.required_object
              join pg_proc on proname = name and pronamespace = 'pjsip_sync'::regnamespace and not prosecdef where kind = 'function'
            )
            select name from used join existing using (name) where name not in (select name from pjsip_sync.required_object) order by 1
            """, [named]));
        Assert.Empty(await database.RowsAsync("""
            select name from pjsip_sync.required_object
            where to_regclass(format('%I.%I', schema_name, name)) is null
              and not exists (select from pg_proc where proname = name and pronamespace = 'pjsip_sync'::regnamespace)
            """));
    }

    [Fact]
    public async Task A_template_is_rendered_completely_or_not_at_all()
    {
        await using var database = await SyncRig.InstalledAsync(server);

        Assert.Equal("a {{x}}, $1 {{x}}%", await database.ScalarAsync<string>("""
            select pjsip_sync.render('a {{b}}, $1 {{b}}%', '{"b": "{{x}}"}')
            """));
        foreach (var (template, values, message) in new[]
        {
            ("{{a}} {{b}}", """{"a": "1"}""", "the placeholder {{b}} has no value"),
            ("{{a}}", """{"a": "1", "b": "2"}""", "there is no placeholder for b"),
            ("{{a}} {{b", """{"a": "1", "b": "2"}""", "a placeholder is not closed: {{ without }}"),
        })
            Assert.Equal(message, (await Assert.ThrowsAsync<Npgsql.PostgresException>(
                () => database.ScalarAsync<string>("select pjsip_sync.render($1, $2::jsonb)", template, values))).MessageText);
    }

    private static string SnakeCase(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    [GeneratedRegex(@"pjsip_sync\.([a-z_]+)")]
    private static partial Regex ObjectName();
}
