using System.Diagnostics;
using System.Globalization;

namespace PjsipSyncWorker.Bench;

/// <summary>The published binary, as an operator runs it.</summary>
internal sealed class BenchWorker : IAsyncDisposable
{
    private static readonly string Binary = Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_WORKER")
        ?? throw new InvalidOperationException("scripts/bench.sh starts this");

    /// <summary>Lines of its output that are shown when it ends by itself.</summary>
    private const int MostLines = 30;

    private readonly int _metricsPort = Ports.Next();
    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private volatile bool _isStopping;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BenchWorker(BenchDatabase database, IEnumerable<string> settings)
    {
        _process = Start(database, settings, _metricsPort, "run");
        _process.Exited += (_, _) => Ended();
        _process.EnableRaisingEvents = true;
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
    public static Task<(string Output, long PeakBytes)> CommandAsync(BenchDatabase database, params string[] arguments) =>
        CommandAsync(database, [], arguments);

    /// <summary>Runs one command with further settings to its end.</summary>
    public static async Task<(string Output, long PeakBytes)> CommandAsync(BenchDatabase database,
        IEnumerable<string> settings, string[] arguments)
    {
        using var process = Start(database, settings, Ports.Next(), arguments);
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

    /// <summary>The sum of all series of a metric; 0 when it has none yet.</summary>
    public async Task<double> MetricAsync(string name)
    {
        using var client = new HttpClient();
        var text = await client.GetStringAsync(new Uri($"http://localhost:{_metricsPort}/metrics"));
        return text.Split('\n').Where(line => line.StartsWith($"{name}{{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
                CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(BenchDatabase database, IEnumerable<string> settings, int metricsPort, params string[] arguments)
    {
        var info = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["ConnectionStrings__Postgres"] = new Npgsql.NpgsqlConnectionStringBuilder(
            database.ConnectionString) { Pooling = true, IncludeErrorDetail = false, CommandTimeout = 10 }.ConnectionString;
        info.Environment["Metrics__Port"] = metricsPort.ToString(CultureInfo.InvariantCulture);
        foreach (var setting in settings)
            info.Environment[setting[..setting.IndexOf('=', StringComparison.Ordinal)]] =
                setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return Process.Start(info)!;
    }

    /// <summary>A worker that ends in the middle of a scenario would look like one that is slow.</summary>
    private void Ended()
    {
        lock (_lastLines)
            if (!_isStopping)
                Console.Error.WriteLine(
                    $"The worker ended by itself with {_process.ExitCode}. Its last lines:\n{string.Join('\n', _lastLines)}");
    }

    private void Heard(string? line)
    {
        lock (_lastLines)
        {
            _lastLines.Enqueue(line ?? "");
            if (_lastLines.Count > MostLines)
                _lastLines.Dequeue();
        }
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
            return line is null ? 0
                : long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
