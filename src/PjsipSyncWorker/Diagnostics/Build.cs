using System.Reflection;

namespace PjsipSyncWorker.Diagnostics;

internal static class Build
{
    /// <summary>The version, and after a plus sign commit and date.</summary>
    public static string Version { get; } = typeof(Build).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
