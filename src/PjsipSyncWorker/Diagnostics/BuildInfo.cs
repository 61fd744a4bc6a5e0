using System.Reflection;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>What was built.</summary>
internal static class BuildInfo
{
    /// <summary>The version and, after a plus sign, commit and date.</summary>
    public static string Version { get; } =
        typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
