using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Import;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Cli;

/// <summary><c>import</c>: makes rows of the application's table for the phones of another system.</summary>
internal static class ImportCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "A pjsip.conf or pjsip_wizard.conf, or the directory that has them (/etc/asterisk)",
        };
        var print = new Option<bool>("--print") { Description = "Write the SQL to standard output instead of running it" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be inserted, and what cannot come over" };
        var command = new Command("import", "Insert the phones of another system into the table of extensions")
        {
            source, print, dryRun,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(print) && result.GetValue(dryRun))
                result.AddError("import takes one of --print and --dry-run");
        });
        command.SetAction((parsed, cancellation) => CommandRunner.RunOnDatabaseAsync(parsed.GetValue(config),
            async (settings, _, connection) =>
        {
            try
            {
                var inventory = ImportSource.Read(parsed.GetValue(source)!);
                if (inventory.Problems.Count > 0)
                    return await RefuseAsync(inventory);
                var plan = await PlanAsync(connection, settings, inventory, cancellation);
                if (parsed.GetValue(print))
                    return await PrintAsync(plan);
                if (!parsed.GetValue(dryRun))
                    await InsertAsync(connection, plan, cancellation);
                else
                    await ImportReport.WriteAsync(Console.Out, plan);
                return ExitCodeOf(plan);
            }
            catch (ImportException error)
            {
                await Console.Error.WriteLineAsync(error.Message);
                return ExitCode.Usage;
            }
        }, cancellation));
        return command;
    }

    private static async Task<int> RefuseAsync(PjsipInventory inventory)
    {
        foreach (var problem in inventory.Problems.Distinct())
            await Console.Error.WriteLineAsync(Diagnostics.UntrustedText.Escape(problem));
        await Console.Error.WriteLineAsync("Nothing is imported, because phones may be missing.");
        return ExitCode.Problems;
    }

    private static async Task<ImportPlan> PlanAsync(
        NpgsqlConnection connection, WorkerSettings settings, PjsipInventory inventory, CancellationToken cancellation)
    {
        var schema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        var table = await SourceTable.LoadAsync(connection, cancellation);
        var builder = new RowBuilder(new Mapper(schema, settings.Realtime), schema, table, settings.Realtime.Profiles.Keys);
        return await ImportPlan.CreateAsync(connection, inventory, builder, table, schema, cancellation);
    }

    private static async Task<int> PrintAsync(ImportPlan plan)
    {
        foreach (var line in InsertScript.Lines(plan))
            await Console.Out.WriteLineAsync(line);
        await ImportReport.WriteSummaryAsync(Console.Error, plan);
        return ExitCodeOf(plan);
    }

    private static async Task InsertAsync(NpgsqlConnection connection, ImportPlan plan, CancellationToken cancellation)
    {
        var inserted = await RowInserter.InsertAsync(connection, plan, cancellation);
        await ImportReport.WriteFindingsAsync(Console.Out, plan);
        await Console.Out.WriteLineAsync($"Inserted into {plan.Table.Name}: {ImportReport.Count(inserted, "phone")}.");
    }

    private static int ExitCodeOf(ImportPlan plan) => plan.Inventory.Refused.Count > 0 ? ExitCode.Problems : ExitCode.Good;
}
