using System.CommandLine;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>version</c>: prints what <c>--version</c> prints.</summary>
internal static class VersionCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create()
    {
        var command = new Command("version", "Print version, commit and date of the commit");
        command.SetAction(_ =>
        {
            Console.WriteLine(BuildInfo.Version);
            return ExitCode.Good;
        });
        return command;
    }
}
