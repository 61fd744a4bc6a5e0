using System.CommandLine;
using System.CommandLine.Invocation;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary>What <c>--help</c> does: shows how the command is used, whatever else the command line has.</summary>
internal sealed class HelpAction : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        HelpText.Write(parseResult.CommandResult.Command);
        return ExitCode.Good;
    }
}
