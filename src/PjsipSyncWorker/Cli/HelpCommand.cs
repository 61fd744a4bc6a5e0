using System.CommandLine;
using System.CommandLine.Parsing;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>help</c>: shows the commands, or how one command is used.</summary>
internal static class HelpCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create()
    {
        var name = new Argument<string?>("COMMAND") { Description = "One command; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("help", "Show the commands, or how one is used") { name };
        command.Validators.Add(result =>
        {
            var known = CommandSyntax.Commands(CommandOf(result)).Select(other => other.Name);
            if (result.GetValue(name) is { } wanted && !known.Contains(wanted))
                result.AddError($"Unknown command \"{wanted}\"{NearestName.Question(wanted, known)}");
        });
        command.SetAction(parsed =>
        {
            var root = parsed.RootCommandResult.Command;
            HelpText.Write(root.Subcommands.FirstOrDefault(other => other.Name == parsed.GetValue(name)) ?? root);
            return ExitCode.Good;
        });
        return command;
    }

    private static Command CommandOf(CommandResult result) =>
        ((CommandResult)result.Parent!).Command;
}
