using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>Checks that an Asterisk has the transports, contexts and ACLs that the endpoints name.</summary>
internal sealed class ReferenceCheck(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    /// <summary>Number of names that a list in the result shows.</summary>
    private const int Most = 12;

    private const string Consequence =
        "Calls of a phone end with 500 without its transport, with 404 without its context; it cannot register without its ACL";

    private const string Advice = "Correct these rows or Realtime:Defaults, or add the section to pjsip.conf, extensions.conf or acl.conf.";

    private readonly AsteriskConsole _console = new(asterisk);
    private readonly MissingReferences _references = new(asterisk, dataSource, settings.Realtime.Schema);

    public async Task<CheckResult> RunAsync(CancellationToken cancellation)
    {
        var references = await _references.AllAsync(after: 0, cancellation);
        var lost = await _references.MissingAsync(references, cancellation);
        if (lost.Count == 0)
        {
            var names = references.Select(reference => $"{reference.Column} {UntrustedText.Escape(reference.Value)}").Distinct();
            return CheckResult.Pass($"this server has {string.Join(", ", names.Take(Most))}");
        }
        var there = new List<string>();
        if (lost.Any(reference => !reference.IsContext && !reference.IsAcl))
            there.Add($"transports: {await ListAsync("pjsip show transports", "Transport:  ", ' ', cancellation)}");
        if (lost.Any(reference => reference.IsContext))
            there.Add($"contexts: {await ListAsync("dialplan show", "[ Context '", '\'', cancellation)}");
        if (lost.Any(reference => reference.IsAcl))
            there.Add($"ACLs: {await ListAsync("acl show", "", ' ', cancellation)}");
        // Takes from each column in turn, so that many missing contexts do not hide a missing transport.
        var shown = lost.GroupBy(reference => reference.Column).SelectMany(ofColumn => ofColumn.Index())
            .OrderBy(one => one.Index).Take(Most).Select(one => Shown(one.Item));
        return CheckResult.Fail(
            $"not there: {string.Join("; ", shown)}{(lost.Count > Most ? "; …" : "")}. {Consequence}",
            $"{Advice} This server has {string.Join("; ", there)}");
    }

    private static string Shown(Reference reference) =>
        $"{reference.Column} {UntrustedText.Escape(reference.Value)} "
        + $"({reference.Count} {(reference.Count == 1 ? "extension" : "extensions")}, such as {reference.Example})";

    private async Task<string> ListAsync(string command, string before, char end, CancellationToken cancellation)
    {
        var names = (await _console.RunAsync(command, cancellation)).Output
            .Where(line => line is not ("" or "acl" or "---") && line.StartsWith(before, StringComparison.Ordinal)
                && !line.Contains('<', StringComparison.Ordinal))
            .Select(line => line[before.Length..].Split(end)[0]).ToList();
        return names.Count == 0 ? "none" : string.Join(", ", names.Take(Most)) + (names.Count > Most ? ", …" : "");
    }
}
