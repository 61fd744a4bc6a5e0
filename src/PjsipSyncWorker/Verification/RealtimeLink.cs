using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Which link between Asterisk and our rows is missing. From the far end: the ODBC data source (res_odbc.conf, odbc.ini),
/// the family's table (extconfig.conf), and at the near end the object's wizard (sorcery.conf).
/// </summary>
internal sealed class RealtimeLink(AmiConnection asterisk)
{
    public async Task<Finding> DiagnoseAsync(RealtimeTable table, string id, CancellationToken cancellation)
    {
        var family = table.Name;
        var kind = table.Section;
        var found = table == RealtimeTable.Endpoint ? $"Asterisk cannot read the endpoint {id}" : $"Asterisk reads the endpoint {id} without its {kind}";

        var classes = OdbcClasses(await CommandAsync("odbc show all", cancellation));
        if (classes.Count == 0)
            return Missing("res_odbc", "Asterisk has no ODBC class", "In res_odbc.conf: a section such as [asterisk] with enabled = yes, dsn, username and password; preload res_odbc.so in modules.conf; then restart Asterisk");

        var mapped = await MappingAsync(family, cancellation);
        if (mapped is null)
            return Missing("extconfig", $"extconfig.conf has no line for {family}", $"In extconfig.conf, section [settings]: {family} = odbc,{classes.Keys.First()}; then restart Asterisk");
        var name = Between(mapped, "db=", ",");
        if (!classes.TryGetValue(name, out var connections))
            return Missing("extconfig", $"extconfig.conf sends {family} to the class {name}, which res_odbc.conf does not have", $"In extconfig.conf: {family} = odbc,{classes.Keys.First()}; then restart Asterisk");

        // This goes through extconfig and ODBC, and not through sorcery.
        var row = await CommandAsync($"realtime load {family} id {id}", cancellation);
        if (row.Any(line => line.Contains("Column Name", StringComparison.Ordinal)))
            return Missing("sorcery", $"its ODBC link and extconfig.conf are right, but sorcery.conf does not lead {kind} there", $"In sorcery.conf, section [res_pjsip]: {kind} = realtime,{family}; and res_sorcery_realtime loaded; then restart Asterisk");
        if (row.Any(line => line.Contains("No rows found", StringComparison.OrdinalIgnoreCase)) && connections > 0)
            return Missing("database", $"its ODBC link works, but finds no such row in {family}", "It leads to another database or schema, or its role may not read the table: Database and ConnSettings in odbc.ini, select for the role asterisk (init --roles)");
        return Missing("odbc", $"the ODBC class {name} has no connection to its database", "Does the dsn of res_odbc.conf stand in odbc.ini, with driver, server, port and database; is the password in res_odbc.conf right; does PostgreSQL let that role in (pg_hba.conf)? Try: isql DSN USER PASSWORD");

        Finding Missing(string link, string what, string advice) => Finding.Fail($"{found}; the missing link is {link}: {what}", advice);
    }

    /// <summary>Whether extconfig.conf leads a family somewhere.</summary>
    public async Task<bool> HasFamilyAsync(string family, CancellationToken cancellation) => await MappingAsync(family, cancellation) is not null;

    /// <summary>Where extconfig.conf leads a family, as Asterisk shows it: <c>===> FAMILY (db=CLASS, table=TABLE)</c>; null when nowhere.</summary>
    public async Task<string?> MappingAsync(string family, CancellationToken cancellation) =>
        (await CommandAsync("core show config mappings", cancellation))
            .Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith($"===> {family} ", StringComparison.Ordinal));

    /// <summary>The classes of res_odbc.conf with their open connections.</summary>
    private static Dictionary<string, int> OdbcClasses(IEnumerable<string> lines)
    {
        var classes = new Dictionary<string, int>(StringComparer.Ordinal);
        var name = "";
        foreach (var line in lines.Select(line => line.Trim()))
        {
            if (line.StartsWith("Name:", StringComparison.Ordinal))
                classes[name = line[5..].Trim()] = 0;
            else if (line.StartsWith("Number of active connections:", StringComparison.Ordinal) && int.TryParse(Between(line, ":", "("), out var connections))
                classes[name] = connections;
        }
        return classes;
    }

    private async Task<List<string>> CommandAsync(string command, CancellationToken cancellation) =>
        [.. (await asterisk.SendAsync(new AmiAction("Command") { { "Command", command } }, cancellation)).Output];

    private static string Between(string text, string from, string to)
    {
        var start = text.IndexOf(from, StringComparison.Ordinal);
        if (start < 0)
            return "";
        var end = text.IndexOf(to, start += from.Length, StringComparison.Ordinal);
        return text[start..(end < 0 ? text.Length : end)].Trim();
    }
}
