using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace PjsipSyncWorker.Bench;

/// <summary>The published binary, as an operator runs it.</summary>
internal sealed class BenchWorker : IAsyncDisposable
{
    private static readonly string Binary = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_WORKER")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BenchWorker(BenchDatabase database, IEnumerable<string> settings)
    {
        _process = Start(database, settings, "run");
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static string Path => Binary;

    /// <summary>Resident memory in bytes.</summary>
    public long ResidentBytes => Status("VmRSS:");

    /// <summary>The most it ever was.</summary>
    public long PeakBytes => Status("VmHWM:");

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static async Task<BenchWorker> StartAsync(BenchDatabase database, params string[] settings)
    {
        var worker = new BenchWorker(database, settings);
        await worker._ready.Task;
        return worker;
    }

    /// <summary>Runs one command to its end.</summary>
    public static async Task<(string Output, long PeakBytes)> CommandAsync(BenchDatabase database, params string[] arguments)
    {
        using var process = Start(database, [], arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var peak = 0L;
        while (!process.HasExited)
        {
            peak = Math.Max(peak, Status(process.Id, "VmHWM:"));
            await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(10));
        }
        return process.ExitCode == 0 ? (await output, peak) : throw new InvalidOperationException(await output + await errors);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(BenchDatabase database, IEnumerable<string> settings, params string[] arguments)
    {
        var info = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["ConnectionStrings__Postgres"] = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = true, IncludeErrorDetail = false, CommandTimeout = 10 }.ConnectionString;
        info.Environment["Metrics__Port"] = FreePort().ToString(CultureInfo.InvariantCulture);
        foreach (var setting in settings)
            info.Environment[setting[..setting.IndexOf('=', StringComparison.Ordinal)]] = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return Process.Start(info)!;
    }

    private void Heard(string? line)
    {
        if (line is null)
            _ready.TrySetException(new InvalidOperationException("the worker ended"));
        else if (line.Contains("Sync is ready", StringComparison.Ordinal))
            _ready.TrySetResult();
        else if (line.Contains("warn:", StringComparison.Ordinal) || line.Contains("fail:", StringComparison.Ordinal))
            Console.Error.WriteLine(line);
    }

    private long Status(string key) => Status(_process.Id, key);

    private static long Status(int process, string key)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
