using System.CommandLine;
using Npgsql;

namespace PjsipSyncWorker.Cli;

/// <summary><c>forget-node</c>: an Asterisk server that will not come back; its registrations go with it.</summary>
internal static class ForgetNodeCommand
{
    public static System.CommandLine.Command Create(Option<string?> config)
    {
        var name = new Argument<string>("NAME") { Description = "The node's name in Asterisk:Nodes" };
        var command = new System.CommandLine.Command("forget-node", "Forget an Asterisk server that will not come back, and its registrations") { name };
        command.SetAction((parsed, cancellation) => Command.OnDatabaseAsync(parsed.GetValue(config), async (_, _, connection) =>
        {
            await using var forget = new NpgsqlCommand("""
                with free as (select pg_try_advisory_xact_lock(pjsip_sync.lock_class() + 1, hashtext($1)) as free)
                delete from pjsip_sync.node where name = $1 and (select free from free) returning name
                """, connection)
            { Parameters = { new() { Value = parsed.GetValue(name)! } } };
            if (await forget.ExecuteScalarAsync(cancellation) is null)
            {
                await Console.Error.WriteLineAsync($"{parsed.GetValue(name)} is not forgotten: no node has that name, or a worker follows it (take it out of Asterisk:Nodes first)");
                return ExitCode.Problems;
            }
            await Console.Out.WriteLineAsync($"{parsed.GetValue(name)} is forgotten. Its phones are shown offline at the worker's next full look.");
            return ExitCode.Good;
        }, cancellation));
        return command;
    }
}
