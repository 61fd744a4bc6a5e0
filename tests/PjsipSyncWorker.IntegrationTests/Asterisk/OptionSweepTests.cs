using System.Diagnostics;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>
/// Nonsense in every option of the ps_* tables, beside extensions that are good. Each such row is refused, or named when Asterisk cannot
/// load it, or loaded; none keeps a good one waiting. <c>PJSIP_SYNC_TEST_SWEEP</c> says how many values each option gets;
/// scripts/sweep.sh: ten, and prints what became of each.
/// </summary>
public sealed class OptionSweepTests(PostgresServer server)
{
    private static readonly string[] Nonsense = ["zz", "nosuch,zz", "-1", "99999999999", "a b", "1.2.3.4/99", "=x;y", "@",
        "/nonexistent/file", "é"];

    private static readonly int Values = TestRunOptions.Number("PJSIP_SYNC_TEST_SWEEP") ?? 1;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private sealed record Case(string Number, string Table, string Option, string Value);

    [Fact]
    public async Task Nonsense_is_refused_or_named_and_no_good_extension_waits()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1009) g");
        await Expect.RefreshedAsync(database);
        var cases = await CasesAsync(database);

        var longest = TimeSpan.Zero;
        foreach (var (part, some) in cases.Chunk((cases.Count + 9) / 10).Index())
        {
            await InsertAsync(database, some);
            longest = Longer(longest, await NewPhoneWorksAsync(database, asterisk, $"110{part}"));
        }
        await Eventually.True(async () => (await database.RowsAsync("""
            select refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint) and degraded is null
              from pjsip_sync.node
            """)) is ["True"], TimeSpan.FromMinutes(5));
        foreach (var good in Enumerable.Range(1000, 10))
            Assert.True(await new SipPhone(asterisk, $"{good}", "x").RegisterAsync(), $"{good} cannot register");

        var rejected = await ReasonsAsync(database, "select id, reason from pjsip_sync.rejected");
        var named = await ReasonsAsync(database, "select id, reason from pjsip_sync.unloadable");
        var (_, verified) = await WorkerProcess.CommandAsync(database, asterisk.WorkerSettings(), "verify-config");
        Assert.Matches("not there: .*acl ", verified);
        var table = new List<string>();
        var dead = new List<string>();
        foreach (var one in cases)
        {
            var fate = rejected.TryGetValue(one.Number, out var reason) ? $"refused: {reason}"
                : named.ContainsKey(one.Number) || one.Option is "acl" or "contact_acl" ? "named"
                : await IsLoadedAsync(asterisk, one.Number) && await new SipPhone(asterisk, one.Number, "x", "127.0.0.13")
                    .RegisterAsync() ? "works" : "dead";
            table.Add($"{one.Table}.{one.Option} | {one.Value} | {fate}");
            if (fate == "dead")
                dead.Add(table[^1]);
        }
        await Measurements.TableAsync(table);
        await Measurements.RecordAsync($"the longest time until a new phone worked beside {cases.Count} rows of nonsense", longest);
        Assert.Empty(dead);
        Assert.DoesNotContain("reconnect", worker.Log, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(longest, TimeSpan.Zero, LongestWait);
    }

    [Fact]
    public async Task Each_word_that_a_column_takes_is_refused_or_loaded()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        Case[] cases = [.. (await database.RowsAsync("""
            select c.relname, a.attname, e.enumlabel
            from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_enum e on e.enumtypid = a.atttypid
            where c.relname in ('ps_endpoints', 'ps_auths', 'ps_aors') and e.enumlabel not in ('0', '1', 'on', 'off', 'true', 'false')
            order by 1, 2, e.enumsortorder
            """)).Select(row => row.Split('|')).Select((word, n) => new Case($"w{n:0000}", word[0], word[1], word[2]))];
        await InsertAsync(database, cases);
        await Expect.RefreshedAsync(database);

        var rejected = await ReasonsAsync(database, "select id, reason from pjsip_sync.rejected");
        var dead = new List<string>();
        foreach (var one in cases.Where(one => !rejected.ContainsKey(one.Number)))
        {
            if (!await IsLoadedAsync(asterisk, one.Number))
                dead.Add($"{one.Table}.{one.Option} = {one.Value}");
        }
        Assert.Empty(dead);
        Assert.True(cases.Length > 150 && rejected.Count < cases.Length / 5, $"{rejected.Count} of {cases.Length} are refused");
    }

    /// <summary>Each option of the three tables, each with some of the values.</summary>
    private static async Task<List<Case>> CasesAsync(TestDatabase database)
    {
        var options = await database.RowsAsync("""
            select table_name, column_name from information_schema.columns
            where table_name in ('ps_endpoints', 'ps_auths', 'ps_aors')
              and column_name not in ('id', 'aors', 'auth', 'username', 'password')
            order by 1, 2
            """);
        return [.. options.Select(option => option.Split('|'))
            .SelectMany((option, i) => Enumerable.Range(0, Values).Select(k => (option, i, k)))
            .Select((place, n) => new Case($"x{n:0000}", place.option[0], place.option[1],
                Nonsense[(place.i + place.k) % Nonsense.Length]))];
    }

    private static async Task InsertAsync(TestDatabase database, IEnumerable<Case> cases)
    {
        foreach (var one in cases)
        {
            var section = one.Table switch { "ps_endpoints" => "endpoint", "ps_auths" => "auth", _ => "aor" };
            await database.ExecuteAsync("""
                insert into extensions (number, password, settings)
                  values ($1, 'x', jsonb_build_object($2::text, jsonb_build_object($3::text, $4::text)))
                """,
                one.Number, section, one.Option, one.Value);
        }
    }

    /// <returns>Time from the row to the lamp.</returns>
    private static async Task<TimeSpan> NewPhoneWorksAsync(TestDatabase database, AsteriskServer asterisk, string number)
    {
        var watch = Stopwatch.StartNew();
        await database.ExecuteAsync("""
            insert into extensions (number, password, settings) values ($1, 'x', '{"aor":{"qualify_frequency":0}}')
            """, number);
        await Eventually.True(() => new SipPhone(asterisk, number, "x", "127.0.0.12").RegisterAsync());
        await Eventually.Equal("NOT_INUSE", () => database.ScalarAsync<string>("select state from pjsip_sync.device where endpoint = $1",
            number));
        return watch.Elapsed;
    }

    private static async Task<Dictionary<string, string>> ReasonsAsync(TestDatabase database, string sql) =>
        (await database.RowsAsync(sql)).Select(row => row.Split('|', 2)).ToDictionary(row => row[0], row => row[1]);

    /// <summary>Whether Asterisk has the endpoint with its auth and its AOR.</summary>
    private static async Task<bool> IsLoadedAsync(AsteriskServer asterisk, string number) =>
        (await asterisk.CliAsync($"pjsip show endpoint {number}")).Contains("InAuth:", StringComparison.Ordinal)
        && !(await asterisk.CliAsync($"pjsip show auth {number}")).Contains("Unable to find", StringComparison.Ordinal)
        && !(await asterisk.CliAsync($"pjsip show aor {number}")).Contains("Unable to find", StringComparison.Ordinal);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
