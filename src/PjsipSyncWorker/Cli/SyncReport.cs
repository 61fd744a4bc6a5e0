using System.Text.Json;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Planning;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary>Shows a full comparison to a person, or as JSON to a program.</summary>
/// <param name="realtimeSchema">The ps_* tables, whose columns the changes refer to by index.</param>
internal sealed class SyncReport(RealtimeSchema realtimeSchema, bool json, bool dryRun)
{
    /// <summary>Runs the comparison and shows its progress: a bar on a terminal, a line each 10 % elsewhere, nothing with JSON.</summary>
    /// <param name="work">The comparison; receives a callback (done, all), which is null when nothing is shown.</param>
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

    /// <summary>Writes the result to standard output, and why removals were held back to standard error.</summary>
    /// <param name="plans">The changes to show; empty unless it is a dry run.</param>
    /// <returns>The exit code: <see cref="ExitCode.Problems"/> when extensions are rejected or removals are held back.</returns>
    public async Task<int> WriteAsync(ReconcileResult result, IReadOnlyList<Plan> plans)
    {
        if (json)
            await Console.Out.WriteLineAsync(Json(result, plans));
        else
        {
            foreach (var change in plans.SelectMany(plan => plan.Changes))
            {
                var columns = string.Concat(Columns(change).Select(column => $" {column.Name}={column.Value ?? "NULL"}"));
                await Console.Out.WriteLineAsync($"{Verb(change.Kind)} {change.Id}{columns}");
            }
            foreach (var rejection in plans.SelectMany(plan => plan.NewRejections))
                await Console.Out.WriteLineAsync($"rejected {rejection.Id} (row {rejection.RowKey}): {rejection.Reason}");
            var would = dryRun ? "Would be: " : "";
            await Console.Out.WriteLineAsync(
                $"{would}created {result.Created}, updated {result.Updated}, unchanged {result.Unchanged}, "
                + $"removed {result.Removed + result.Released}, rejected {result.Rejected}");
        }
        if (result.Refusal is not null)
            await Console.Error.WriteLineAsync(result.Refusal);
        if (result.Rejected > 0 && !json)
        {
            await Console.Error.WriteLineAsync(
                $"{Plural.Of(result.Rejected, "extension is", "extensions are")} rejected: pjsip-sync-worker status --rejected says why");
        }
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

    /// <summary>The columns that a change writes, with secrets masked; none for a removal.</summary>
    private IEnumerable<(string Name, string? Value)> Columns(EndpointChange change)
    {
        if (change.Desired is null)
            yield break;
        var values = new string?[realtimeSchema.Columns.Count];
        change.Desired.CopyTo(values);
        foreach (var index in change.Differing)
        {
            var column = realtimeSchema.Columns[index];
            yield return (column.Display, column.IsSecret && values[index] is not null ? "***" : values[index]);
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
