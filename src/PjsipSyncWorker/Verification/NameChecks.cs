using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Finds extensions whose number already has a meaning on one Asterisk: an object in its files, or a line of its dialplan.
/// </summary>
internal sealed class NameChecks(AmiConnection asterisk, NodeSettings node, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    /// <summary>Number of extensions that a result names.</summary>
    private const int Shown = 5;

    private const string OrderAdvice =
        "In sorcery.conf for each kind: first its cache, then config,pjsip.conf, then realtime (render-config writes it so); "
        + "then restart Asterisk";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Checks that no extension has the name of an object in the server's files, and that Asterisk looks in the right order.
    /// </summary>
    public async Task<CheckResult> FilesAsync(CancellationToken cancellation)
    {
        // A connection of its own, because the sections of a large file exceed the answer that a connection of the checks accepts.
        await using var connection = await NodeAccess.ConnectAsync(node, Timeout, Timeout, TimeProvider.System, cancellation);
        var files = new ServerFiles(connection);
        var names = await files.NamesAsync(cancellation);
        var taken = (await PhonesAsync(cancellation)).Keys.Where(names.ContainsKey).Order(StringComparer.Ordinal).ToList();
        if (taken.Count > 0)
        {
            return CheckResult.Fail(
                $"{Listed(taken.Select(id => $"{id} ({names[id]})"), taken.Count)} {(taken.Count == 1 ? "is" : "are")} "
                + "both an extension and an object in a file of this server: Asterisk uses one of the two",
                "Give the extension another number, or rename the section in the file and reload PJSIP");
        }
        return await files.OrderProblemAsync(cancellation) is { } problem
            ? CheckResult.Fail(problem, OrderAdvice)
            : CheckResult.Pass($"{Plural.Of(names.Count, "name")} in this server's own files, and no extension has one");
    }

    /// <summary>
    /// Checks that each extension can be dialled. A call to an emergency number, or to a number with its own line in the dialplan,
    /// does not reach the extension.
    /// </summary>
    public async Task<CheckResult> DialplanAsync(CancellationToken cancellation)
    {
        var phones = await PhonesAsync(cancellation);
        var emergency = (await GlobalAsync("EMERGENCY", cancellation)).Split(',', StringSplitOptions.TrimEntries)
            .Concat(NumberingPlan.Of(settings.Asterisk.Render).EmergencyNumbers).Where(phones.ContainsKey).Distinct().ToList();
        if (emergency.Count > 0)
        {
            return CheckResult.Fail(
                $"{Listed(emergency, emergency.Count)} {(emergency.Count == 1 ? "is" : "are")} "
                + "both an extension and an emergency number: who dials it gets the emergency services",
                "Give the extension another number, or correct EMERGENCY in extensions.conf (Asterisk:Render:EmergencyNumbers)");
        }
        var elsewhere = new List<string>();
        foreach (var ofContext in phones.GroupBy(phone => phone.Value))
        {
            var lines = await LinesAsync(ofContext.Key, [], cancellation);
            elsewhere.AddRange(ofContext.Select(phone => phone.Key)
                .Where(id => lines.TryGetValue(id, out var applications) && !applications.Any(line => Reaches(line, id))));
        }
        elsewhere.Sort(StringComparer.Ordinal);
        return elsewhere.Count == 0
            ? CheckResult.Pass("no extension has an emergency number, or a number with a line of its own in the dialplan")
            : CheckResult.Warn(
                $"{Listed(elsewhere, elsewhere.Count)} {(elsewhere.Count == 1 ? "has a line of its own" : "have lines of their own")} "
                + "in the dialplan: who dials it does not reach the phone",
                "Give the extension another number, or take the line out of extensions.conf");
    }

    /// <summary>The context of each endpoint, by its number.</summary>
    private async Task<Dictionary<string, string>> PhonesAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select e.id, coalesce(p.context, 'default') from pjsip_sync.managed_endpoint e
            join {Identifier.Quote(settings.Realtime.Schema)}.ps_endpoints p on p.id = e.id where e.deleted_at is null
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var phones = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            phones[reader.GetString(0)] = reader.GetString(1);
        return phones;
    }

    private async Task<string> GlobalAsync(string variable, CancellationToken cancellation) =>
        (await asterisk.SendAsync(new AmiAction("Getvar") { { "Variable", variable } }, cancellation)).Get("Value") ?? "";

    /// <summary>
    /// The literal numbers (no patterns) of a context and of those that it includes, each with its applications:
    /// <c>Dial(PJSIP/1001)</c>.
    /// </summary>
    /// <param name="seen">Contexts that were read before; a context may include itself.</param>
    private async Task<Dictionary<string, List<string>>> LinesAsync(string context, HashSet<string> seen, CancellationToken cancellation)
    {
        var lines = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        if (!seen.Add(context))
            return lines;
        var included = new List<string>();
        await asterisk.SendListAsync(new AmiAction("ShowDialPlan") { { "Context", context } }, (in item) =>
        {
            if (AmiFields.Text(item, "IncludeContext"u8) is { } other)
                included.Add(other);
            else if (AmiFields.Text(item, "Extension"u8) is { } number && !number.StartsWith('_')
                && AmiFields.Text(item, "Priority"u8) is not "hint")
            {
                var application = $"{AmiFields.Text(item, "Application"u8)}({AmiFields.Text(item, "AppData"u8)})";
                (lines.TryGetValue(number, out var known) ? known : lines[number] = []).Add(application);
            }
        }, cancellation);
        foreach (var other in included)
            foreach (var (number, applications) in await LinesAsync(other, seen, cancellation))
                lines.TryAdd(number, applications);
        return lines;
    }

    private static bool Reaches(string application, string id) =>
        application.Contains($"PJSIP/{id}", StringComparison.OrdinalIgnoreCase)
        || application.Contains("${EXTEN}", StringComparison.OrdinalIgnoreCase)
        || application.Contains($"PJSIP_DIAL_CONTACTS({id})", StringComparison.OrdinalIgnoreCase);

    private static string Listed(IEnumerable<string> some, int count) =>
        $"{string.Join(", ", some.Take(Shown))}{(count > Shown ? $" and {count - Shown} more" : "")}";
}
