using System.Text.Json;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Planning;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>Shows a full comparison to a person or to a program.</summary>
internal sealed class SyncReport(RealtimeSchema catalogue, bool json, bool dryRun)
{
    private static readonly string[] Secrets = ["ps_auths.password", "ps_auths.md5_cred", "ps_auths.password_digest", "ps_auths.refresh_token", "ps_auths.oauth_secret"];

    /// <summary>A bar on a terminal, a line every tenth part elsewhere, nothing beside JSON.</summary>
    public async Task<ReconcileResult> WithProgressAsync(Func<Func<int, int, Task>?, Task<ReconcileResult>> work)
    {
        if (json)
            return await work(null);
        if (Console.IsOutputRedirected)
        {
            var shown = 0;
            return await work((done, all) =>
            {
                if (done * 10L / Math.Max(1, all) > shown || done >= all)
                {
                    shown = (int)(done * 10L / Math.Max(1, all));
                    Console.WriteLine($"{done} of {all} compared");
                }
                return Task.CompletedTask;
            });
        }
        ReconcileResult? result = null;
        await AnsiConsole.Progress().StartAsync(async context =>
        {
            var task = context.AddTask("Comparing");
            result = await work((done, all) =>
            {
                (task.MaxValue, task.Value) = (all, done);
                return Task.CompletedTask;
            });
            task.Value = task.MaxValue;
        });
        return result!;
    }

    /// <returns>The exit code: problems when extensions are rejected or removals are held back.</returns>
    public async Task<int> WriteAsync(ReconcileResult result, IReadOnlyList<Plan> plans)
    {
        if (json)
            await Console.Out.WriteLineAsync(Json(result, plans));
        else
        {
            foreach (var change in plans.SelectMany(plan => plan.Changes))
                await Console.Out.WriteLineAsync($"{Verb(change.Kind)} {change.Id}{string.Concat(Columns(change).Select(column => $" {column.Name}={column.Value ?? "NULL"}"))}");
            foreach (var rejection in plans.SelectMany(plan => plan.NewRejections))
                await Console.Out.WriteLineAsync($"rejected {rejection.Id} (row {rejection.RowKey}): {rejection.Reason}");
            var would = dryRun ? "Would be: " : "";
            await Console.Out.WriteLineAsync($"{would}created {result.Created}, updated {result.Updated}, unchanged {result.Unchanged}, removed {result.Removed + result.Released}, rejected {result.Rejected}");
        }
        if (result.Refusal is not null)
            await Console.Error.WriteLineAsync(result.Refusal);
        return result.Rejected > 0 || result.HeldBack > 0 ? ExitCode.Problems : ExitCode.Good;
    }

    private string Json(ReconcileResult result, IReadOnlyList<Plan> plans) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("dry_run", dryRun);
        writer.WriteNumber("created", result.Created);
        writer.WriteNumber("updated", result.Updated);
        writer.WriteNumber("unchanged", result.Unchanged);
        writer.WriteNumber("removed", result.Removed);
        writer.WriteNumber("released", result.Released);
        writer.WriteNumber("rejected", result.Rejected);
        writer.WriteNumber("held_back", result.HeldBack);
        if (dryRun)
            WritePlans(writer, plans);
        writer.WriteEndObject();
    });

    private void WritePlans(Utf8JsonWriter writer, IReadOnlyList<Plan> plans)
    {
        writer.WriteStartArray("changes");
        foreach (var change in plans.SelectMany(plan => plan.Changes))
        {
            writer.WriteStartObject();
            writer.WriteString("operation", Verb(change.Kind));
            writer.WriteString("id", change.Id);
            writer.WriteStartObject("columns");
            foreach (var (name, value) in Columns(change))
                writer.WriteString(name, value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("rejections");
        foreach (var rejection in plans.SelectMany(plan => plan.NewRejections))
        {
            writer.WriteStartObject();
            writer.WriteString("row_key", rejection.RowKey);
            writer.WriteString("id", rejection.Id);
            writer.WriteString("reason", rejection.Reason);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>The columns that would be written, secrets masked.</summary>
    private IEnumerable<(string Name, string? Value)> Columns(EndpointChange change)
    {
        if (change.Desired is null)
            yield break;
        var values = new string?[catalogue.Columns.Count];
        change.Desired.CopyTo(values);
        foreach (var index in change.Differing)
        {
            var column = catalogue.Columns[index];
            yield return (column.Display, Secrets.Contains(column.Display) && values[index] is not null ? "***" : values[index]);
        }
    }

    private static string Verb(ChangeKind kind) => kind switch
    {
        ChangeKind.Create => "create",
        ChangeKind.Update => "update",
        ChangeKind.Delete => "remove",
        _ => "release",
    };
}
