using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Tests.Diagnostics;

/// <summary>A logger that keeps its lines: the level, and the text.</summary>
internal sealed class LogLines<T>(LogLevel least = LogLevel.Information) : ILogger<T>
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
