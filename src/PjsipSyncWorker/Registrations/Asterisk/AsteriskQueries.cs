using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Identifies one running process of one Asterisk.</summary>
/// <param name="Process">When the process started, in Asterisk's words; another process has another value.</param>
/// <param name="Version">The release; null when Asterisk does not say it.</param>
/// <param name="SystemName">The option systemname of asterisk.conf; null when it is not set.</param>
/// <param name="Uptime">Time since the process started; null when the AMI user may not run commands.</param>
internal sealed record AsteriskIdentity(string Process, string? Version, string? SystemName, TimeSpan? Uptime);

/// <summary>Asks one running Asterisk what it is and how it is configured.</summary>
internal sealed class AsteriskQueries(AmiConnection connection)
{
    /// <summary>Asks which Asterisk this is, and which process of it.</summary>
    /// <exception cref="AsteriskRefusalException">The AMI user may not ask.</exception>
    public async Task<AsteriskIdentity> IdentifyAsync(CancellationToken cancellation)
    {
        var status = await ExpectAsync(connection, new AmiAction("CoreStatus"), cancellation);
        var settings = await ExpectAsync(connection, new AmiAction("CoreSettings"), cancellation);
        return new AsteriskIdentity(
            $"{status.Get("CoreStartupDate")} {status.Get("CoreStartupTime")}", settings.Get("AsteriskVersion"),
            settings.Get("SystemName") is { Length: > 0 } name ? name : null, await UptimeAsync(cancellation));
    }

    /// <summary>
    /// Whether this server reads endpoints through the view <c>ps_endpoints_for_server</c> (extconfig.conf), which shows only the announced
    /// endpoints during an announcement. False when the AMI user may not run commands.
    /// </summary>
    public async Task<bool> ReadsThroughViewAsync(CancellationToken cancellation) =>
        (await OutputAsync("core show config mappings", cancellation)).Any(line =>
            line.Contains("===> ps_endpoints ", StringComparison.Ordinal)
            && line.Contains("table=ps_endpoints_for_server)", StringComparison.Ordinal));

    /// <summary>Returns the names of the codecs that this server knows; none when the AMI user may not run commands.</summary>
    public async Task<string[]> CodecsAsync(CancellationToken cancellation)
    {
        // The columns are ID, TYPE, NAME, FORMAT and DESCRIPTION. FORMAT is the name in the option allow.
        var lines = (await OutputAsync("core show codecs", cancellation))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return [.. lines.Where(words => words.Length > 3 && words[0].All(char.IsAsciiDigit)).Select(words => words[3]).Distinct()];
    }

    /// <summary>Sends an action that Asterisk accepts from every AMI user with the classes that this worker needs.</summary>
    /// <exception cref="AsteriskRefusalException">Asterisk refuses the action.</exception>
    public static async Task<AmiResponse> ExpectAsync(AmiConnection connection, AmiAction action, CancellationToken cancellation)
    {
        var answer = await connection.SendAsync(action, cancellation);
        return answer.Success
            ? answer
            : throw new AsteriskRefusalException($"Asterisk refuses {action.Name}: {answer.Message} (privileges in manager.conf)");
    }

    private async Task<TimeSpan?> UptimeAsync(CancellationToken cancellation)
    {
        foreach (var line in await OutputAsync("core show uptime seconds", cancellation))
            if (line.Split(':', 2) is ["System uptime", var seconds] && AmiFields.Seconds(seconds) is { } uptime)
                return uptime;
        return null;
    }

    /// <returns>The lines that a command prints; none when the AMI user may not run commands.</returns>
    private async Task<IReadOnlyList<string>> OutputAsync(string command, CancellationToken cancellation)
    {
        try
        {
            return (await new AsteriskConsole(connection).RunAsync(command, cancellation)).Output;
        }
        catch (AsteriskRefusalException)
        {
            return [];
        }
    }
}

/// <summary>Asterisk answered, but refused what it was asked for. The message says why and is escaped.</summary>
internal sealed class AsteriskRefusalException(string message) : Exception(UntrustedText.Escape(message));
