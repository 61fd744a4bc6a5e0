using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Database;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Target;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Whether an Asterisk has the transports, contexts and ACLs that our endpoints name. Without its transport or context a phone registers and is
/// shown as available, and its calls end with 500 (transport) or 404 (context). Without its ACL it cannot register.
/// </summary>
internal sealed class ReferenceCheck(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    private const string Transport = "transport";

    private static readonly string[] Contexts = ["context", "subscribe_context", "message_context", "overlap_context"];

    private static readonly string[] Acls = ["acl", "contact_acl"];

    /// <summary>Names that are shown as being there.</summary>
    private const int Most = 12;

    private readonly AsteriskConsole _console = new(asterisk);

    private sealed record Reference(string Column, string Value, long Count, string Example)
    {
        public override string ToString() => $"{Column} {OneLine.Of(Value)} ({Count} {(Count == 1 ? "extension" : "extensions")}, such as {Example})";
    }

    public async Task<Finding> LookAsync(CancellationToken cancellation)
    {
        var references = await ReadAsync(cancellation);
        var lost = new List<Reference>();
        foreach (var reference in references)
        {
            if (!await ExistsAsync(reference, cancellation))
                lost.Add(reference);
        }
        if (lost.Count == 0)
            return Finding.Pass($"this server has {string.Join(", ", references.Select(reference => OneLine.Of(reference.Value)).Distinct().Take(Most))}");
        var there = new List<string>();
        if (lost.Any(reference => reference.Column == Transport))
            there.Add($"transports: {await ListAsync("pjsip show transports", "Transport:  ", ' ', cancellation)}");
        if (lost.Any(reference => Contexts.Contains(reference.Column)))
            there.Add($"contexts: {await ListAsync("dialplan show", "[ Context '", '\'', cancellation)}");
        if (lost.Any(reference => Acls.Contains(reference.Column)))
            there.Add($"ACLs: {await ListAsync("acl show", "", ' ', cancellation)}");
        // Some of each column.
        var shown = lost.GroupBy(reference => reference.Column).SelectMany(ofColumn => ofColumn.Index()).OrderBy(one => one.Index).Take(Most).Select(one => one.Item);
        return Finding.Fail($"not there: {string.Join("; ", shown)}{(lost.Count > Most ? "; …" : "")}. Calls of a phone end with 500 without its transport, with 404 without its context; it cannot register without its ACL",
            $"Correct these rows or Realtime:Defaults, or add the section to pjsip.conf, extensions.conf or acl.conf. This server has {string.Join("; ", there)}");
    }

    /// <summary>Each name once, with how many endpoints have it.</summary>
    private async Task<List<Reference>> ReadAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var catalogue = await Catalogue.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        var references = new List<Reference>();
        foreach (var column in Contexts.Concat(Acls).Prepend(Transport).Select(name => catalogue.Find(TargetTable.Endpoint, name)).OfType<TargetColumn>())
        {
            await using var command = new NpgsqlCommand($"""
                select p.{column.Quoted}, count(*), min(p.id)
                from {catalogue.Quoted(TargetTable.Endpoint)} p join pjsip_sync.endpoint e using (id)
                where p.{column.Quoted} <> '' and e.deleted_at is null
                group by 1 order by 2 desc, 1
                """, connection);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                references.Add(new Reference(column.Name, ShownValue.Decode(reader.GetString(0)), reader.GetInt64(1), reader.GetString(2)));
        }
        return references;
    }

    private async Task<bool> ExistsAsync(Reference reference, CancellationToken cancellation)
    {
        // An extension that nobody has keeps the answer short.
        var (command, refusal) = reference.Column switch
        {
            Transport => ($"pjsip show transport {Quoted(reference.Value)}", "Unable to find object"),
            "acl" or "contact_acl" => ($"acl show {Quoted(reference.Value)}", "Could not find ACL"),
            _ => ($"dialplan show {Quoted($"no-such-extension@{reference.Value}")}", $"There is no existence of '{reference.Value}' context"),
        };
        return !(await _console.RunAsync(command, cancellation)).Says(refusal);
    }

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private async Task<string> ListAsync(string command, string before, char end, CancellationToken cancellation)
    {
        var names = (await _console.RunAsync(command, cancellation)).Output
            .Where(line => line is not ("" or "acl" or "---") && line.StartsWith(before, StringComparison.Ordinal) && !line.Contains('<', StringComparison.Ordinal))
            .Select(line => line[before.Length..].Split(end)[0]).ToList();
        return names.Count == 0 ? "none" : string.Join(", ", names.Take(Most)) + (names.Count > Most ? ", …" : "");
    }
}
