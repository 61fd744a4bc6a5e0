using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Registrations;

/// <summary>Loop 2: a follower for each Asterisk node, one statusWriter for them all, and the revisions that wake them.</summary>
internal sealed partial class RegistrationService(
    NpgsqlDataSource dataSource, WorkerSettings settings, StatusWriter statusWriter, RegistrationMetrics metrics, ListenMetrics listens, Health health, TimeProvider time,
    ILogger<RegistrationService> logger, ILogger<NodeFollower> nodeLogger) : BackgroundService
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly List<NodeFollower> _followers =
        [.. settings.Asterisk.Nodes.Select(node => new NodeFollower(node, settings, dataSource, statusWriter, metrics.Node(node.Name), health, time, nodeLogger))];

    private readonly AsyncAutoResetEvent _revised = new();
    private readonly HealthPart _health = health.Begin("registrations");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_followers.Count == 0)
        {
            Log.Off(logger);
            _health.Report(null, Timeout.InfiniteTimeSpan);
            return;
        }
        // Listening last: all parts have begun before it can report that the first pass is over.
        await Task.WhenAll([
            .. _followers.Select(follower => follower.RunAsync(stoppingToken)),
            statusWriter.RunAsync(stoppingToken), ListenAsync(stoppingToken)]);
    }

    /// <summary>Hears of new revisions and passes them on.</summary>
    private async Task ListenAsync(CancellationToken cancellation)
    {
        var pipeline = Reconnect.Pipeline("revisions", time, _health, (error, _) => Log.ListenLost(logger, DatabaseErrors.Describe(error)));
        await pipeline.ExecuteAsync(async token =>
        {
            await using var listener = await ChannelListener.OpenAsync(dataSource, Channels.Revision, Silence, token);
            listens.Opened(Channels.Revision);
            _revised.Set();
            using var session = CancellationTokenSource.CreateLinkedTokenSource(token);
            var listening = listener.RunAsync(_revised.Set, session.Token);
            var passing = PassOnAsync(session.Token);
            var ended = await Task.WhenAny(listening, passing);
            await session.CancelAsync();
            await Task.WhenAll(listening, passing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ended;
        }, cancellation);
    }

    /// <summary>Followers tell Asterisk; the statusWriter looks at the endpoints that changed: a re-import starts with a wrong status.</summary>
    private async Task PassOnAsync(CancellationToken cancellation)
    {
        var seen = await NewestRevisionAsync(cancellation);
        statusWriter.EnqueueAll();
        while (true)
        {
            _health.Report(null, settings.Sync.PollInterval);
            await _revised.WaitAsync(settings.Sync.PollInterval, time, cancellation);
            foreach (var follower in _followers)
                follower.Revised();
            seen = await AskChangedAsync(seen, cancellation);
        }
    }

    private async Task<long> NewestRevisionAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select coalesce(max(revision), 0) from pjsip_sync.managed_endpoint");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task<long> AskChangedAsync(long seen, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select id, revision from pjsip_sync.managed_endpoint where revision > $1");
        command.Parameters.Add(new() { Value = seen });
        var changed = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            changed.Add(reader.GetString(0));
            seen = Math.Max(seen, reader.GetInt64(1));
        }
        if (changed.Count > 0)
            statusWriter.Enqueue(changed);
        return seen;
    }

    private static partial class Log
    {
        [LoggerMessage(2200, LogLevel.Information, "No Asterisk nodes are configured: loop 2 (registrations) is off")]
        public static partial void Off(ILogger logger);

        [LoggerMessage(2201, LogLevel.Warning, "New revisions cannot be heard of, the next attempt follows: {Reason}")]
        public static partial void ListenLost(ILogger logger, string reason);
    }
}
