using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>The output of a command of Asterisk's console (CLI).</summary>
/// <param name="Succeeded">False when Asterisk reports that the command failed. Releases before 22.10 always report success.</param>
/// <param name="Output">The printed lines, in order.</param>
internal readonly record struct CommandAnswer(bool Succeeded, IReadOnlyList<string> Output)
{
    /// <summary>Whether a line contains these words, in upper or lower case.</summary>
    public bool Says(string words) => Output.Any(line => line.Contains(words, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Runs commands of Asterisk's console over AMI (action Command, class command).</summary>
internal sealed class AsteriskConsole(AmiConnection asterisk)
{
    /// <summary>Runs a command and waits for its end. A command that fails returns an answer and does not throw.</summary>
    /// <exception cref="AsteriskRefusalException">The AMI user may not run commands.</exception>
    /// <exception cref="AmiException">The connection ended, or no answer came within its response timeout.</exception>
    public async Task<CommandAnswer> RunAsync(string command, CancellationToken cancellation)
    {
        var answer = await asterisk.SendAsync(new AmiAction("Command") { { "Command", command } }, cancellation);
        // A failed command has its reason in Output. Without any Output, Asterisk refused to run the command.
        return answer.Success || answer.Output.Any()
            ? new CommandAnswer(answer.Success, [.. answer.Output])
            : throw new AsteriskRefusalException(
                $"Asterisk refuses CLI commands: {answer.Message} (the user needs write = command in manager.conf)");
    }
}
