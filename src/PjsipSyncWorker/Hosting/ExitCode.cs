namespace PjsipSyncWorker.Hosting;

/// <summary>Exit codes of the process, the same for the daemon and for every command.</summary>
internal static class ExitCode
{
    /// <summary>Everything is in order.</summary>
    public const int Good = 0;

    /// <summary>The command ran and found problems: rejected extensions, drift, a failed check. Of the daemon: a loop failed.</summary>
    public const int Problems = 1;

    /// <summary>Usage or configuration is wrong. A retry does not help.</summary>
    public const int Usage = 2;

    /// <summary>A server could not be reached. A retry may help.</summary>
    public const int Unreachable = 3;
}
