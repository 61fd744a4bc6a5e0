using System.CommandLine;
using System.CommandLine.Help;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// The declaration of all commands. Help, man page, docs/reference/commands.md and completion are made from it.
/// </summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code; <see cref="ExitCode.Usage"/> after one line on standard error when the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var parsed = Parse(arguments);
        if (CommandLineError.Of(parsed, arguments) is not { } error)
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        await Console.Error.WriteLineAsync(UntrustedText.Escape(error));
        return ExitCode.Usage;
    }

    /// <summary>Reads the arguments as they are: no file takes the place of an argument that begins with @.</summary>
    public static ParseResult Parse(IReadOnlyList<string> arguments) =>
        Create().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });

    /// <summary>Creates the root with every command and option.</summary>
    public static RootCommand Create()
    {
        var config = new Option<string?>("--config")
        {
            Description = "A configuration file over /etc/pjsip-sync-worker/appsettings.json",
            HelpName = "FILE",
            Recursive = true,
        };
        var root = new RootCommand(
            "Keeps Asterisk's PJSIP Realtime tables equal to an application's table of phone extensions, and its table's status true")
        {
            RunCommand.Create(config),
            InitCommand.Create(config),
            VerifyConfigCommand.Create(config),
            StatusCommand.Create(config),
            SyncExtensionsCommand.Create(config),
            RenderConfigCommand.Create(config),
            ImportCommand.Create(config),
            HealthCommand.Create(config),
            ForgetNodeCommand.Create(config),
            ConfigCommand.Create(config),
            ValidateCommand.Create(config),
            HelpCommand.Create(),
            VersionCommand.Create(),
            CompleteCommand.Create(),
        };
        root.Directives.Clear();
        root.Options.Clear();
        root.Options.Add(config);
        root.Options.Add(new HelpOption("--help", "-h", "-?")
        {
            Description = "Show how a command is used",
            Recursive = true,
            Action = new HelpAction(),
        });
        root.Options.Add(new VersionOption("--version", "-v", "-V") { Description = "Print version, commit and date of the commit" });
        root.SetAction((parsed, cancellation) => RunCommand.ExecuteAsync(parsed.GetValue(config), cancellation));
        return root;
    }
}
