using System.Diagnostics;

namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A server that a script starts and, when the script's standard input ends, stops.</summary>
internal sealed class ScriptServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ScriptServer(Process process, IReadOnlyDictionary<string, string> values, Task<string> errors) =>
        (_process, Values, _errors) = (process, values, errors);

    /// <summary>What the script printed as NAME=VALUE before "ready".</summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>Whether servers are left running for a person to look at: <c>PJSIP_SYNC_TEST_KEEP</c> is set.</summary>
    public static bool Keep => Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_KEEP") is { Length: > 0 };

    /// <summary>Runs the script until it prints "ready".</summary>
    /// <exception cref="CommandFailedException">The script ended before that.</exception>
    public static async Task<ScriptServer> StartAsync(string script, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(Repository.Script(script), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ready")
                return new ScriptServer(process, values, errors);
            if (line.Split('=', 2) is [var name, var value])
                values[name] = value;
        }
        throw new CommandFailedException($"scripts/{script} {string.Join(' ', arguments)} started nothing:\n{await errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Keep)
            await _process.StandardInput.WriteLineAsync("keep");
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _process.WaitForExitAsync(limit.Token);
        if (!Keep)
            await _errors;
        _process.Dispose();
    }
}
