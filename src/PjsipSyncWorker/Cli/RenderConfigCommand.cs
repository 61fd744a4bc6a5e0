using System.CommandLine;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>render-config</c>: writes Asterisk's files for this installation, or compares an existing directory with them.</summary>
internal static class RenderConfigCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var output = new Option<string?>("--output") { Description = "Write the files into this directory", HelpName = "DIR" };
        var check = new Option<string?>("--check")
        {
            Description = "Compare this directory (/etc/asterisk) with what is needed, and write nothing",
            HelpName = "DIR",
        };
        var node = new Option<string?>("--node")
        {
            Description = "The node's name in Asterisk:Nodes, where there are several",
            HelpName = "NODE",
        };
        var force = new Option<bool>("--force")
        {
            Description = "Replace files that are there; each is kept as NAME.bak, or NAME.bak1 and so on",
        };
        var command = new Command("render-config", "Write the Asterisk-side files of this installation, or check those that are there")
        {
            output, check, node, force,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(output) is null == result.GetResult(check) is null)
                result.AddError("render-config needs either --output DIR or --check DIR");
            else if (result.GetResult(check) is not null && result.GetValue(force))
                result.AddError("--force goes with --output: --check writes nothing");
        });
        command.SetAction((parsed, cancellation) => CommandRunner.RunAsync(parsed.GetValue(config), settings =>
            parsed.GetValue(check) is { } directory
                ? CheckAsync(settings, parsed.GetValue(node), directory)
                : WriteAsync(settings, parsed.GetValue(node), parsed.GetValue(output)!, parsed.GetValue(force), cancellation)));
        return command;
    }

    private static async Task<int> WriteAsync(
        WorkerSettings settings, string? node, string directory, bool force, CancellationToken cancellation)
    {
        var values = new RenderValues(settings, node, isCheck: false);
        var files = RenderedFile.All(values);
        try
        {
            await FileWriter.WriteAsync(directory, files, force, cancellation);
        }
        catch (Exception error) when (error is FilesExistException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Problems;
        }
        await Console.Out.WriteLineAsync($"Written to {directory}: {string.Join(", ", files.Select(file => file.Name))}");
        foreach (var step in values.RemainingSteps)
            await Console.Out.WriteLineAsync($"To do: {step}.");
        return ExitCode.Good;
    }

    private static async Task<int> CheckAsync(WorkerSettings settings, string? node, string directory)
    {
        var needed = RenderedFile.All(new RenderValues(settings, node, isCheck: true));
        if (!Directory.Exists(directory))
        {
            await Console.Error.WriteLineAsync($"{directory} is no directory, or one that this user may not look into");
            return ExitCode.Usage;
        }
        var differences = ConfCheck.Run(directory, needed);
        foreach (var difference in differences)
            await Console.Out.WriteLineAsync(UntrustedText.Escape(difference.ToString()));
        if (differences.Count > 0)
            return ExitCode.Problems;
        await Console.Out.WriteLineAsync($"{directory} has all that is needed.");
        return ExitCode.Good;
    }
}
