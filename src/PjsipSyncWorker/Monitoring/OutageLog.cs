using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// Logs every minute that the database, or an Asterisk, is still away, and once that it is back. That it went away is logged by the loop
/// that lost it.
/// </summary>
internal sealed partial class OutageLog(Health health, TimeProvider time, ILogger<OutageLog> logger) : BackgroundService
{
    /// <summary>Time between two lines about one outage, and between two lines about short outages of the same server.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Pause after each look, in which the loops that use one server all notice that it is gone or back.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>All loops except those of AMI depend on the database alone, so one line speaks of all of them.</summary>
    private const string Database = "the database";

    private readonly Dictionary<string, Outage> _outages = [];
    private readonly Dictionary<string, DateTimeOffset> _lastEnd = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var changed = health.Changed.Next();
            Look();
            await Task.Delay(Pause, time, stoppingToken);
            await Signal.WaitAsync(changed, _outages.Count > 0 ? Pause : Interval, time, stoppingToken);
        }
    }

    /// <summary>Compares the parts with what was logged, and logs what is due.</summary>
    internal void Look()
    {
        var now = time.GetUtcNow();
        var failing = health.Parts.Where(part => part.FailingSince is not null)
            .ToLookup(part => part.IsNode ? part.Name : Database, StringComparer.Ordinal);
        foreach (var group in failing)
        {
            if (!_outages.TryGetValue(group.Key, out var outage))
                _outages[group.Key] = outage = new Outage(group.Min(part => part.FailingSince!.Value));
            if (now - outage.LastLine < Interval)
                continue;
            outage.LastLine = now;
            var parts = group.Key == Database ? $"{Database} ({string.Join(", ", group.Select(part => part.Name))})" : group.Key;
            Log.StillFailing(
                logger, TimeText.Of(now - outage.Since), outage.Since, UntrustedText.Escape(parts),
                UntrustedText.Escape(group.First().Trouble));
        }
        foreach (var (name, outage) in _outages.Where(outage => !failing.Contains(outage.Key)).ToList())
        {
            _outages.Remove(name);
            if (now - outage.Since < Interval && _lastEnd.TryGetValue(name, out var last) && now - last < Interval)
                continue;
            _lastEnd[name] = now;
            Log.WellAgain(logger, TimeText.Of(now - outage.Since), UntrustedText.Escape(name));
        }
    }

    /// <summary>An outage that is not over.</summary>
    private sealed class Outage(DateTimeOffset since)
    {
        public DateTimeOffset Since { get; } = since;

        public DateTimeOffset LastLine { get; set; } = since;
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.StillFailing, LogLevel.Warning,
            "Still away after {Duration}, since {Since:yyyy-MM-ddTHH:mm:ssZ}: {What}: {Reason}")]
        public static partial void StillFailing(ILogger logger, string duration, DateTimeOffset since, string what, string reason);

        [LoggerMessage(EventIds.WellAgain, LogLevel.Information, "Back after {Duration}: {What}")]
        public static partial void WellAgain(ILogger logger, string duration, string what);
    }
}
