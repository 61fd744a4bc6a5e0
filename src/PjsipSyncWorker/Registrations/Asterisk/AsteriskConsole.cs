using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>What a command of Asterisk's console (CLI) printed.</summary>
/// <param name="Succeeded">False when Asterisk says that the command failed; releases before 22.10 do not say so.</param>
internal readonly record struct CommandAnswer(bool Succeeded, IReadOnlyList<string> Output)
{
    /// <summary>Whether any line has these words, in any case.</summary>
    public bool Says(string words) => Output.Any(line => line.Contains(words, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Asterisk's console over AMI (action Command, class command).</summary>
internal sealed class AsteriskConsole(AmiConnection asterisk)
{
    /// <summary>Runs a command to its end, however long Asterisk takes.</summary>
    /// <exception cref="AsteriskRefusalException">The user may not run commands. A command that fails is an answer and not thrown.</exception>
    /// <exception cref="AmiException">The connection ended, or no answer came within its response timeout.</exception>
    public async Task<CommandAnswer> RunAsync(string command, CancellationToken cancellation)
    {
        var answer = await asterisk.SendAsync(new AmiAction("Command") { { "Command", command } }, cancellation);
        // A command that failed has its reason in Output; without any Asterisk refused to run it.
        return answer.Success || answer.Output.Any()
            ? new CommandAnswer(answer.Success, [.. answer.Output])
            : throw new AsteriskRefusalException($"Asterisk refuses CLI commands: {answer.Message} (the user needs write = command in manager.conf)");
    }
}
