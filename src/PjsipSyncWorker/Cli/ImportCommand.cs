using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
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
            Description = "A pjsip.conf or sip.conf, the directory that has it (/etc/asterisk), a dump or CSV file of FreePBX, "
                + "or ps_endpoints for rows of the database that the worker does not manage",
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
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                var name = parsed.GetValue(source)!;
                // Before the database, because its user may not read the files of Asterisk.
                var read = name == RealtimeSource.Name ? null : ImportSource.Read(name);
                return read?.Problems.Count > 0
                    ? await RefuseAsync(read)
                    : await CommandRunner.RunOnDatabaseAsync(parsed.GetValue(config), (settings, _, connection) =>
                        RunAsync(connection, settings, read, parsed.GetValue(print), parsed.GetValue(dryRun), cancellation), cancellation);
            }
            catch (ImportException error)
            {
                await Console.Error.WriteLineAsync(Diagnostics.UntrustedText.Escape(error.Message));
                return ExitCode.Usage;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        NpgsqlConnection connection, WorkerSettings settings, PjsipInventory? read, bool print, bool dryRun, CancellationToken cancellation)
    {
        var schema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        var inventory = read ?? await RealtimeSource.ReadAsync(connection, schema, cancellation);
        var table = await SourceTable.LoadAsync(connection, cancellation);
        var builder = new RowBuilder(new Mapper(schema, settings.Realtime), schema, table, settings.Realtime.Profiles.Keys);
        var plan = await ImportPlan.CreateAsync(connection, inventory, builder, table, schema, cancellation);
        if (print)
            await PrintAsync(plan);
        else if (dryRun)
            await ImportReport.WriteAsync(Console.Out, plan);
        else
            await InsertAsync(connection, plan, cancellation);
        return plan.Inventory.Refused.Count > 0 ? ExitCode.Problems : ExitCode.Good;
    }

    private static async Task<int> RefuseAsync(PjsipInventory inventory)
    {
        foreach (var problem in inventory.Problems.Distinct())
            await Console.Error.WriteLineAsync(Diagnostics.UntrustedText.Escape(problem));
        await Console.Error.WriteLineAsync("Nothing is imported, because phones may be missing.");
        return ExitCode.Problems;
    }

    private static async Task PrintAsync(ImportPlan plan)
    {
        foreach (var line in InsertScript.Lines(plan))
            await Console.Out.WriteLineAsync(line);
        await ImportReport.WriteSummaryAsync(Console.Error, plan);
    }

    private static async Task InsertAsync(NpgsqlConnection connection, ImportPlan plan, CancellationToken cancellation)
    {
        var inserted = await RowInserter.InsertAsync(connection, plan, cancellation);
        await ImportReport.WriteFindingsAsync(Console.Out, plan);
        await Console.Out.WriteLineAsync($"Inserted into {plan.Table.Name}: {Plural.Of(inserted, "phone")}.");
    }
}
