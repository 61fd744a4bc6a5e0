using System.CommandLine;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;

namespace PjsipSyncWorker.Cli;

/// <summary><c>sync-extensions</c>: runs one full comparison, and shows what it changed.</summary>
internal static class SyncExtensionsCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would change" };
        var adopt = new Option<bool>("--adopt") { Description = "Take over existing ps_* rows whose id is an extension's number" };
        var force = new Option<bool>("--force")
        {
            Description = "Allow any number of removals, and compare everything whatever an earlier comparison found",
        };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output" };
        var command = new Command("sync-extensions", "Compare every extension with the ps_* tables and write what differs")
        {
            dryRun, adopt, force, json,
        };
        command.SetAction((parsed, cancellation) => CommandRunner.RunOnDatabaseAsync(parsed.GetValue(config),
            async (settings, _, connection) =>
        {
            if (parsed.GetValue(adopt))
                settings = settings with { Sync = settings.Sync with { Adopt = true } };
            if (!parsed.GetValue(dryRun) && await SourceRepair.RunAsync(connection, cancellation) is { Refusal: { } refusal } repair)
                await Console.Error.WriteLineAsync($"{settings.Source.Table}: {string.Join("; ", repair.Faults)}: {refusal}");
            foreach (var what in (await Installation.RefreshMappingAsync(connection, settings.Source, cancellation)).All)
                await Console.Error.WriteLineAsync($"Left out: {what}");
            var realtimeSchema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
            using var metrics = new SyncMetrics();
            var synchronizer = await Synchronizer.CreateAsync(
                connection, realtimeSchema, new Mapper(realtimeSchema, settings.Realtime), settings.Sync,
                Installation.Fingerprint(settings), metrics, cancellation);
            var report = new SyncReport(realtimeSchema, parsed.GetValue(json), parsed.GetValue(dryRun));
            if (parsed.GetValue(dryRun))
            {
                var (preview, plans) = await synchronizer.PreviewAsync(connection, parsed.GetValue(force), cancellation);
                return await report.WriteAsync(preview, plans);
            }
            var result = await report.WithProgressAsync(progress => synchronizer.ReconcileAsync(
                connection, parsed.GetValue(force) ? ReconcileOptions.Force : default, progress, cancellation));
            return await report.WriteAsync(result, []);
        }, cancellation));
        return command;
    }
}
