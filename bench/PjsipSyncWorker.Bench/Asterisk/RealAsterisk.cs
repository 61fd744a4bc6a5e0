using System.Diagnostics;
using System.Globalization;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>A real Asterisk 22 of the cached tree, run by <c>scripts/asterisk.sh</c>.</summary>
internal sealed class RealAsterisk : IAsyncDisposable
{
    private static readonly string Script = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_ASTERISK")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    private static readonly string Names = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_NAMES")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    private static int _count;

    private int _process;

    /// <summary>The folder of this server in the tree. <c>scripts/bench.sh</c> removes every server whose name begins alike.</summary>
    public string Name { get; } = $"{Names}-{++_count}";

    /// <summary>The port of its UDP and TCP transports, on 127.0.0.1.</summary>
    public int SipPort { get; } = Ports.Next();

    public int AmiPort { get; } = Ports.Next();

    /// <summary>User and system time of its process so far. Zero when the process is gone.</summary>
    public TimeSpan ProcessorTime => ProcStat.Of(_process);

    /// <summary>Starts from folders of configuration files, each laid over those before it and all over the distribution's.</summary>
    public async Task StartAsync(params string[] folders)
    {
        await ScriptAsync("start", folders);
        await FindProcessAsync();
    }

    /// <summary>Starts again with the configuration that is there. Returns when Asterisk says that it is fully booted.</summary>
    public async Task BootAsync()
    {
        await ScriptAsync("boot");
        await FindProcessAsync();
    }

    public Task StopAsync() => ScriptAsync("stop");

    /// <summary>Whether Asterisk has this AOR on its list of those that it qualifies and reports.</summary>
    public async Task<bool> KnowsAsync(string aor) =>
        (await ScriptAsync("cli", [$"pjsip show qualify aor {aor}"])).Contains("Qualify frequency", StringComparison.Ordinal);

    public Task<string> ReadAsync(string file) => ScriptAsync("read", [file]);

    public Task WriteAsync(string file, string text) => ScriptAsync("write", [file], text);

    /// <summary>The files of its folders, relative to its own.</summary>
    public async Task<string[]> FilesAsync() => (await ScriptAsync("files")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Starts SIPp beside it, in its folder <c>sip</c>.</summary>
    public Process StartSipp(params IEnumerable<string> arguments) => Start("sipp", arguments);

    public async ValueTask DisposeAsync() => await ScriptAsync("remove");

    private async Task FindProcessAsync() => _process = int.Parse(await ReadAsync("run/asterisk.pid"), CultureInfo.InvariantCulture);

    private Process Start(string action, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(Script, [action, Name, .. arguments]) { RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true })!;

    private async Task<string> ScriptAsync(string action, string[]? arguments = null, string input = "")
    {
        using var process = Start(action, arguments ?? []);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException(
            $"asterisk.sh {action} {Name} ended with {process.ExitCode}: {await output}{await errors}");
    }
}
