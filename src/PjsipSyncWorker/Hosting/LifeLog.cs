using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;

namespace PjsipSyncWorker.Hosting;

/// <summary>The first and the last line of the daemon's log.</summary>
internal sealed partial class LifeLog(
    WorkerSettings settings, NpgsqlDataSource dataSource, SignalLifetime signals, TimeProvider time, ILogger<LifeLog> logger)
{
    /// <summary>How long the stop may wait for the number of changes that are not applied, counted from its begin.</summary>
    private static readonly TimeSpan ReadingTimeout = TimeSpan.FromSeconds(1);

    private readonly long _begun = time.GetTimestamp();

    /// <summary>The reading of what waits, which begins with the stop so that the stop does not wait for it; null before.</summary>
    private Task<Overview?>? _reading;

    /// <summary>Logs the version, and with what the daemon works.</summary>
    /// <param name="configuration">The configuration that the settings were read from.</param>
    public void Started(IConfiguration configuration)
    {
        var database = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        var user = database.Username ?? Environment.GetEnvironmentVariable("PGUSER") ?? Environment.UserName;
        var name = database.Database ?? Environment.GetEnvironmentVariable("PGDATABASE") ?? user;
        var host = database.Host ?? Environment.GetEnvironmentVariable("PGHOST") ?? "localhost";
        Log.Started(
            logger, BuildInfo.Version, Files(configuration), name,
            host.StartsWith('/') || host.Contains(',', StringComparison.Ordinal) ? host : $"{host}:{database.Port}", user, Nodes(),
            settings.Metrics.Enabled ? HealthEndpoint.Address(settings.Metrics, "/").AbsoluteUri : "off");
    }

    /// <summary>Begins to read what waits; does not wait for the result.</summary>
    public void Stopping() => _reading = ReadAsync();

    /// <summary>Logs why the daemon ends, after how long, and what it leaves.</summary>
    /// <param name="failure">The exception that ended a loop; null when a signal ended the daemon.</param>
    public async Task StoppedAsync(Exception? failure)
    {
        var waiting = _reading is not null && await _reading is { } overview
            ? HealthText.Backlog(overview)
            : "the database does not answer";
        var reason = failure is not null ? $"{failure.GetType().Name}: {failure.Message}" : signals.Received ?? "request";
        Log.Stopped(logger, TimeText.Of(time.GetElapsedTime(_begun)), UntrustedText.Escape(reason), waiting);
    }

    /// <returns>Null when the database does not answer within <see cref="ReadingTimeout"/>.</returns>
    private async Task<Overview?> ReadAsync()
    {
        var reading = Overview.TryReadAsync(dataSource, CancellationToken.None);
        await Task.WhenAny(reading, Task.Delay(ReadingTimeout, time));
        return reading.IsCompletedSuccessfully ? await reading : null;
    }

    private static string Files(IConfiguration configuration)
    {
        var files = configuration is IConfigurationRoot root ? string.Join(", ", SettingsSources.Files(root)) : "";
        return files.Length == 0 ? "no file" : files;
    }

    private string Nodes() => settings.Asterisk.Nodes.Count == 0
        ? "none"
        : string.Join(", ", settings.Asterisk.Nodes.Select(node =>
            string.Create(CultureInfo.InvariantCulture, $"{node.Name} ({node.Host}:{node.Port})")));

    private static partial class Log
    {
        [LoggerMessage(EventIds.WorkerStarted, LogLevel.Information,
            "Started version {Version}; configuration: {Files}; database: {Database} at {Host} as {User}; Asterisk: {Nodes}; "
            + "metrics: {Metrics}")]
        public static partial void Started(
            ILogger logger, string version, string files, string database, string host, string user, string nodes, string metrics);

        [LoggerMessage(EventIds.WorkerStopped, LogLevel.Information, "Stopped after {Duration} by {Reason}: {Waiting}")]
        public static partial void Stopped(ILogger logger, string duration, string reason, string waiting);
    }
}
