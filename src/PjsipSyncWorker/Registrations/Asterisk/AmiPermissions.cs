using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Finds out which classes of manager.conf the AMI user needs and does not have.</summary>
internal static class AmiPermissions
{
    /// <summary>Without this class the user receives neither FullyBooted nor ContactStatus.</summary>
    public const string ReadSystem = "read = system";

    private const string Denied = "Permission denied";

    private static readonly string[] ReadClasses = ["system", "call"];

    /// <summary>An action for each class of write; Asterisk denies the action to a user without the class.</summary>
    private static readonly (string Class, AmiAction Action)[] Probes =
    [
        ("system", new AmiAction("ModuleCheck") { { "Module", "res_pjsip" } }),
        ("command", new AmiAction("Command") { { "Command", "core show uptime" } }),
    ];

    /// <summary>Returns the missing classes.</summary>
    /// <returns>Each as a line of manager.conf, such as <c>write = command</c>; empty when none is missing.</returns>
    /// <exception cref="AmiException">The connection ended, or an answer did not come in time.</exception>
    public static async Task<List<string>> MissingAsync(AmiConnection connection, string username, CancellationToken cancellation)
    {
        var missing = new List<string>();
        foreach (var (name, action) in Probes)
        {
            var answer = await connection.SendAsync(action, cancellation);
            if (!answer.Success && answer.Message.Contains(Denied, StringComparison.OrdinalIgnoreCase))
                missing.Add($"write = {name}");
        }
        // Device states need class call or reporting. Presence states need the same and are few, so they serve as the probe.
        var states = await connection.SendListAsync(new AmiAction("PresenceStateList"), (in _) => { }, cancellation);
        if (!states.Success && states.Message.Contains(Denied, StringComparison.OrdinalIgnoreCase))
            missing.Add("write = reporting");
        if (missing.Contains("write = command"))
            return missing;
        // Asterisk never sends the events of a class that the user may not read, so only this command shows what is missing.
        var shown = await connection.SendAsync(new AmiAction("Command") { { "Command", $"manager show user {username}" } }, cancellation);
        var permissions = shown.Output.Select(line => line.Split(':', 2))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == "read perm");
        if (permissions is not [_, var read])
            return missing;
        var classes = read.Split(',', StringSplitOptions.TrimEntries);
        if (!classes.Contains("all"))
            missing.AddRange(ReadClasses.Except(classes).Select(name => $"read = {name}"));
        return missing;
    }
}
