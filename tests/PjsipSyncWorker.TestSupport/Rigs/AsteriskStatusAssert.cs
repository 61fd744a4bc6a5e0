using System.Text.RegularExpressions;

namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>Compares the state of the phones in Asterisk with the application's table.</summary>
internal static partial class AsteriskStatusAssert
{
    /// <summary>Waits until the registered phones are those that are online in the table. A failure shows both lists.</summary>
    /// <param name="when">The moment of the test, for the failure.</param>
    public static Task AgreesAsync(AsteriskServer asterisk, TestDatabase database, string when, TimeSpan patience) =>
        Eventually.Equal("agreed", async () =>
    {
        var asterisks = string.Join(',', Contacts().Matches(await asterisk.CliAsync("pjsip show contacts"))
            .Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
        var ours = await database.ScalarAsync<string>(
            "select coalesce(string_agg(number, ',' order by number), '') from extensions where status = 'online'");
        return asterisks == ours ? "agreed" : $"{when}: asterisk [{asterisks}], the table [{ours}]";
    }, patience);

    /// <summary>
    /// Waits until Asterisk shows exactly the registered phones as not in use. Another state would hide a phone from its lamps.
    /// </summary>
    public static Task LampsAreRightAsync(AsteriskServer asterisk, TestDatabase database, string when) =>
        Eventually.Equal("right", async () =>
    {
        var lit = string.Join(',', Endpoints().Matches(await asterisk.CliAsync("pjsip show endpoints"))
            .Where(match => match.Groups[2].Value == "Not in use")
            .Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
        var online = await database.ScalarAsync<string>(
            "select coalesce(string_agg(number, ',' order by number), '') from extensions where status = 'online'");
        var shown = await database.ScalarAsync<string>("""
            select coalesce(string_agg(number, ',' order by number), '') from extensions join pjsip_sync.device on endpoint = number
            where status = 'online' and state = 'NOT_INUSE'
            """);
        return lit == online && online == shown ? "right"
            : $"{when}: asterisk lights [{lit}], online are [{online}], with their state [{shown}]";
    }, LampPatience);

    /// <summary>Describes what Asterisk and the database know of the registered phones, for a failure.</summary>
    public static async Task<string> DescribeAsync(AsteriskServer asterisk, TestDatabase database) =>
        $"""
        {await asterisk.CliAsync("core show uptime")}
        {await asterisk.CliAsync("pjsip show contacts")}
        device states that Asterisk reports: {await database.ScalarAsync<string>(
            "select coalesce(string_agg(d::text, ' ' order by d.endpoint), '') from pjsip_sync.device d where d.state <> 'UNAVAILABLE'")}
        contacts: {await database.ScalarAsync<string>("select coalesce(string_agg(c::text, ' '), '') from pjsip_sync.contact c")}
        nodes: {await database.ScalarAsync<string>("select string_agg((to_jsonb(n) - 'codecs')::text, ' ') from pjsip_sync.node n")}
        revision of the last change: {await database.ScalarAsync<long>("select max(revision) from pjsip_sync.managed_endpoint")}
        """;

    /// <summary>A reload of PJSIP may repair a lamp late, because reloads take a tenth of the time at most.</summary>
    private static readonly TimeSpan LampPatience = TimeSpan.FromSeconds(90);

    [GeneratedRegex(@"Endpoint:  (\d+)(?:/\S+)? +(Not in use|\w+)")]
    private static partial Regex Endpoints();

    [GeneratedRegex(@"Contact:  (\d+)/sip:")]
    private static partial Regex Contacts();
}
