using System.Diagnostics;
using System.Text;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>
/// The worker as an operator runs it, configured by its environment: the binary that <c>PJSIP_SYNC_TEST_WORKER</c> names, else this build.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    /// <summary>The words of a command line that start the worker; its arguments follow.</summary>
    public static IReadOnlyList<string> Program { get; } =
        Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_WORKER") is { Length: > 0 } published
            ? [published]
            : ["dotnet", Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker.dll")];

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private WorkerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Resident memory of the process in mebibytes.</summary>
    public long ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1024 / 1024;
        }
    }

    public static async Task<WorkerProcess> StartAsync(TestDatabase database, params IEnumerable<string> settings)
    {
        var worker = Launch(database, settings);
        await worker.ReadyAsync();
        return worker;
    }

    /// <summary>Starts the worker without waiting until it is ready.</summary>
    public static WorkerProcess Launch(TestDatabase database, params IEnumerable<string> settings) =>
        new(Process.Start(Info(database, settings, "run"))!);

    public async Task ReadyAsync()
    {
        await Eventually.True(() => Task.FromResult(HasExited || Log.Contains("Sync is ready", StringComparison.Ordinal)));
        Assert.False(HasExited, Log);
    }

    /// <summary>Runs one command to its end.</summary>
    public static async Task<(int ExitCode, string Output)> CommandAsync(TestDatabase database, IEnumerable<string> settings,
        params string[] arguments)
    {
        var info = Info(database, settings, arguments);
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>Runs one command on a pseudo-terminal.</summary>
    public static async Task<string> OnTerminalAsync(TestDatabase database, string command, IEnumerable<string>? settings = null)
    {
        var info = Info(database, ["TERM=xterm-256color", .. settings ?? []], command);
        var words = string.Join(' ', info.ArgumentList.Prepend(info.FileName).Select(word => $"'{word}'"));
        return (await Repository.RunAsync("script", ["-q", "-e", "-c", words, "/dev/null"], TimeSpan.FromMinutes(2),
            info.Environment.ToDictionary(pair => pair.Key, pair => pair.Value ?? ""))).Output;
    }

    /// <summary>Starts one command on a pseudo-terminal of this size.</summary>
    public static PseudoTerminal OpenTerminal(TestDatabase database, int width, int height, params string[] arguments)
    {
        var info = Info(database, ["TERM=xterm-256color"], arguments);
        // The test runner sets it.
        info.Environment.Remove("NO_COLOR");
        return new PseudoTerminal(info, width, height);
    }

    /// <summary>Starts one command whose output the test reads while it runs.</summary>
    public static Process StartCommand(TestDatabase database, params string[] arguments) => Process.Start(Info(database, [], arguments))!;

    /// <summary>Runs one command in a pipe of the shell.</summary>
    /// <param name="pipe">What reads its output, such as <c>head -1</c>.</param>
    public static Task<CommandResult> PipeAsync(TestDatabase database, string pipe, params string[] arguments)
    {
        var info = Info(database, [], arguments);
        return Command.RunAsync(["bash", "-o", "pipefail", "-c", $"\"$@\" | {pipe}", "bash", info.FileName, .. info.ArgumentList],
            environment: info.Environment.ToDictionary(pair => pair.Key, pair => pair.Value ?? ""));
    }

    /// <summary>Sends SIGKILL, so that the worker cannot finish anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM, as systemd does, and waits for the end.</summary>
    public async Task<int> StopAsync()
    {
        await TerminateAsync();
        return await ExitAsync();
    }

    /// <summary>Sends SIGTERM without waiting.</summary>
    public Task TerminateAsync() => Repository.ExpectAsync("kill", ["-TERM", $"{_process.Id}"], TimeSpan.FromSeconds(5));

    /// <summary>Waits until the process ends.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private static ProcessStartInfo Info(TestDatabase database, IEnumerable<string> settings, params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["ConnectionStrings__Postgres"] = database.ConnectionString,
            ["Metrics__Port"] = $"{Ports.Next()}" };
        foreach (var setting in settings)
            environment[setting[..setting.IndexOf('=', StringComparison.Ordinal)]] = setting[(setting.IndexOf('=',
                StringComparison.Ordinal) + 1)..];
        return Repository.Info(Program[0], [.. Program.Skip(1), .. arguments], environment);
    }

    private void Add(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }
}
