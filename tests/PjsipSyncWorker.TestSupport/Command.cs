using System.Diagnostics;

namespace PjsipSyncWorker.TestSupport;

/// <summary>How a program ended.</summary>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output without the newlines at its end, as a shell's <c>$(…)</c> has it.</summary>
    public string Text => Output.TrimEnd('\n');

    /// <summary>Standard output, then standard error.</summary>
    public string All => Output + Errors;
}

/// <summary>A program ended with another exit code than 0.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);

/// <summary>Runs programs of this machine to their end.</summary>
internal static class Command
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(2);

    /// <summary>Returns the command as root runs it: with sudo, unless this process is root.</summary>
    public static string[] AsRoot(params string[] command) => Environment.IsPrivilegedProcess ? command : ["sudo", .. command];

    /// <summary>Runs a program, and returns how it ended, whatever its exit code.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="input">Its standard input; null: none.</param>
    /// <param name="limit">How long it may take; null: two minutes.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <exception cref="TimeoutException">The program was killed after <paramref name="limit"/>.</exception>
    public static async Task<CommandResult> RunAsync(
        string[] command, string? input = null, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Process.Start(Repository.Info(command[0], command[1..], environment))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(limit ?? DefaultLimit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', command)} did not end within {(limit ?? DefaultLimit).TotalSeconds:0} s");
        }
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    /// <summary>Runs a program as <see cref="RunAsync"/> does.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public static async Task<CommandResult> ExpectAsync(string[] command, string? input = null, TimeSpan? limit = null)
    {
        var result = await RunAsync(command, input, limit);
        return result.ExitCode == 0
            ? result
            : throw new CommandFailedException($"{string.Join(' ', command)} ended with {result.ExitCode}:\n{result.All}");
    }

    /// <summary>Installs the Debian packages that this machine lacks.</summary>
    public static Task NeedPackagesAsync(params string[] packages) =>
        ExpectAsync(["bash", "-c", ". \"$0\"; need_packages \"$@\"", Repository.Script("lib.sh"), .. packages],
            limit: TimeSpan.FromMinutes(10));

    /// <summary>Makes the Debian package of this checkout, of the worker in artifacts/ where there is one.</summary>
    /// <returns>The path of the package.</returns>
    public static async Task<string> MakePackageAsync() =>
        (await ExpectAsync([Repository.Script("package.sh"), "--built"], limit: TimeSpan.FromMinutes(10))).Text.Split('\n')[^1];
}
