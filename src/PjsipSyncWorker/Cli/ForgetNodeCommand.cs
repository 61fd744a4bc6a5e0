using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>forget-node</c>: removes an Asterisk server that will not come back, and its registrations.</summary>
internal static class ForgetNodeCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var name = new Argument<string>("NODE") { Description = "The node's name in Asterisk:Nodes" };
        var command = new Command("forget-node", "Forget an Asterisk server that will not come back, and its registrations") { name };
        command.SetAction((parsed, cancellation) => CommandRunner.RunOnDatabaseAsync(parsed.GetValue(config), async (_, _, connection) =>
        {
            await using var forget = new NpgsqlCommand("select pjsip_sync.forget_node($1)", connection)
            {
                Parameters = { new() { Value = parsed.GetValue(name)! } },
            };
            if (await forget.ExecuteScalarAsync(cancellation) is not true)
            {
                await Console.Error.WriteLineAsync(
                    $"{parsed.GetValue(name)} is not forgotten: no node has that name, "
                    + "or a worker follows it (take it out of Asterisk:Nodes first)");
                return ExitCode.Problems;
            }
            await Console.Out.WriteLineAsync($"{parsed.GetValue(name)} is forgotten, and its registrations with it.");
            return ExitCode.Good;
        }, cancellation));
        return command;
    }
}
