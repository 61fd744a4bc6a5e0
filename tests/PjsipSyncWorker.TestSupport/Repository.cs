using System.Diagnostics;

namespace PjsipSyncWorker.TestSupport;

/// <summary>Where the checkout is, and how its scripts are run.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Script(string name) => Path.Combine(Root, "scripts", name);

    /// <summary>Runs a program to its end, and returns its exit code and what it wrote: standard output, then standard error.</summary>
    /// <exception cref="TimeoutException">The program was killed after <paramref name="limit"/>.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null)
    {
        var result = await Command.RunAsync([program, .. arguments], limit: limit, environment: environment);
        return (result.ExitCode, result.All);
    }

    /// <summary>Runs a program to its end, and returns what it wrote.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public static async Task<string> ExpectAsync(string program, IEnumerable<string> arguments, TimeSpan limit) =>
        (await Command.ExpectAsync([program, .. arguments], limit: limit)).All;

    public static ProcessStartInfo Info(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string,
        string>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            info.Environment[name] = value;
        return info;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PjsipSyncWorker.sln")))
                return folder.FullName;
        throw new InvalidOperationException("The tests do not run inside a checkout");
    }
}
