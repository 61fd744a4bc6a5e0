using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

/// <summary>Keeps the names of the events that came.</summary>
internal sealed class EventLog : IAmiEventHandler
{
    public ConcurrentQueue<string> Events { get; } = new();

    public void OnEvent(in AmiMessage message)
    {
        var name = Encoding.UTF8.GetString(message.Event);
        Events.Enqueue(name + message.GetString("N"u8));
        if (name == "Poison")
        {
            throw new InvalidOperationException("poisoned");
        }
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class LogLines : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
        string> formatter) =>
        Lines.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
}
