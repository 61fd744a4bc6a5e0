using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Which classes of manager.conf the AMI user needs, and which of them it does not have.</summary>
internal static class AmiPermissions
{
    /// <summary>Without it no event says that Asterisk has booted, nor what a contact does.</summary>
    public const string ReadSystem = "read = system";

    private const string Denied = "Permission denied";

    private static readonly string[] ReadClasses = ["system", "call"];

    /// <summary>What is asked of Asterisk, and the class that allows it.</summary>
    private static readonly (string Class, AmiAction Action)[] Tried =
    [
        ("system", new AmiAction("ModuleCheck") { { "Module", "res_pjsip" } }),
        ("command", new AmiAction("Command") { { "Command", "core show uptime" } }),
    ];

    /// <returns>Each as a line of manager.conf and what is lost without it; empty when nothing is missing.</returns>
    public static async Task<List<string>> MissingAsync(AmiConnection connection, string username, CancellationToken cancellation)
    {
        var missing = new List<string>();
        foreach (var (name, action) in Tried)
        {
            var answer = await connection.SendAsync(action, cancellation);
            if (!answer.Success && answer.Message.Contains(Denied, StringComparison.OrdinalIgnoreCase))
                missing.Add($"write = {name}");
        }
        // Device states are of class call or reporting, as are presence states, of which there are few.
        var states = await connection.SendListAsync(new AmiAction("PresenceStateList"), (in _) => { }, cancellation);
        if (!states.Success && states.Message.Contains(Denied, StringComparison.OrdinalIgnoreCase))
            missing.Add("write = reporting");
        if (missing.Contains("write = command"))
            return missing;
        // Events of a class that is missing simply never come: only Asterisk can tell which classes are read.
        var shown = await connection.SendAsync(new AmiAction("Command") { { "Command", $"manager show user {username}" } }, cancellation);
        if (shown.Output.Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == "read perm") is not [_, var read])
            return missing;
        var classes = read.Split(',', StringSplitOptions.TrimEntries);
        if (!classes.Contains("all"))
            missing.AddRange(ReadClasses.Except(classes).Select(name => $"read = {name}"));
        return missing;
    }
}
