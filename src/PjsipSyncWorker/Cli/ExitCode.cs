namespace PjsipSyncWorker.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Good = 0;

    /// <summary>It ran and found problems: rejected rows, drift, a failed check.</summary>
    public const int Problems = 1;

    /// <summary>Wrong usage or configuration.</summary>
    public const int Usage = 2;

    /// <summary>A server could not be reached.</summary>
    public const int Unreachable = 3;
}
