using System.Diagnostics;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>A program that goes on while a test reads what it writes. It ends, with all that it started, when it is disposed.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];

    public RunningProgram(ProcessStartInfo info)
    {
        _process = Process.Start(info)!;
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it wrote until now, standard output and standard error as they came.</summary>
    public string Output
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Waits until it has written so many lines with this text, or more.</summary>
    public Task WroteAsync(string text, int times = 1) =>
        Eventually.Equal(true, () => Task.FromResult(Count(text) >= times), log: () => $"{times} × {text} in:\n{Output}");

    /// <summary>Writes lines to its standard input.</summary>
    public async Task TypeAsync(params string[] lines)
    {
        foreach (var line in lines)
            await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private int Count(string text)
    {
        Assert.False(_process.HasExited, Output);
        lock (_lines)
            return _lines.Count(line => line.Contains(text, StringComparison.Ordinal));
    }

    private void Add(string? line)
    {
        lock (_lines)
            if (line is not null)
                _lines.Add(line);
    }
}
