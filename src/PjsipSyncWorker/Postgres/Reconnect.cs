using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Diagnostics;
using Polly;
using Polly.Retry;

namespace PjsipSyncWorker.Postgres;

/// <summary>
/// Starts a session again whenever it fails, without end. The wait doubles from 0.2 s to 2 s and is then shortened by up to half at random.
/// All connections of the worker, to PostgreSQL and to Asterisk, come back this way.
/// </summary>
/// <remarks>
/// Polly's own exponential delay counts attempts without end. Here a session that ran for 10 s resets the count, which Polly cannot know;
/// that is why the delay is computed here.
/// </remarks>
internal static class Reconnect
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SlowWait = TimeSpan.FromMinutes(1);

    /// <summary>So many different messages are remembered as reported.</summary>
    private const int MostMessages = 20;

    /// <summary>A session that ran for so long has succeeded: the next failure waits the shortest time again.</summary>
    private static readonly TimeSpan ResetAfter = 5 * LongestWait;

    /// <summary>
    /// Makes a pipeline that runs a session, which ends only by failing or by being cancelled. For one session at a time.
    /// </summary>
    /// <param name="name">Of the pipeline in Polly's metrics.</param>
    /// <param name="health">Receives every failure.</param>
    /// <param name="onFailure">Called with a failure and the wait that follows; once for a failure that repeats.</param>
    /// <param name="slowAfter">
    /// Whether only a person can correct a failure, so that frequent attempts do harm: the wait is then a minute. Null: no failure is such.
    /// </param>
    public static ResiliencePipeline Pipeline(
        string name, TimeProvider time, HealthPart health, Action<Exception, TimeSpan> onFailure, Func<Exception, bool>? slowAfter = null)
    {
        var lastStart = time.GetTimestamp();
        var attempt = 0;
        var reported = new HashSet<string>(StringComparer.Ordinal);
        return new ResiliencePipelineBuilder { Name = name, TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is not null && !arguments.Context.CancellationToken.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = arguments =>
                {
                    var hadSucceeded = time.GetElapsedTime(lastStart) > ResetAfter;
                    attempt = hadSucceeded ? 0 : attempt + 1;
                    if (hadSucceeded || reported.Count > MostMessages)
                        reported.Clear();
                    var delay = slowAfter?.Invoke(arguments.Outcome.Exception!) == true
                        ? SlowWait
                        : TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, ShortestWait.Ticks << Math.Min(attempt, 10)));
                    delay *= 0.5 + Random.Shared.NextDouble() / 2;
                    // The next session starts when the wait is over.
                    lastStart = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
                    return ValueTask.FromResult<TimeSpan?>(delay);
                },
                OnRetry = arguments =>
                {
                    var failure = arguments.Outcome.Exception!;
                    health.Fail(DatabaseErrors.Describe(failure), arguments.RetryDelay);
                    if (reported.Add(failure.Message))
                        onFailure(failure, arguments.RetryDelay);
                    return default;
                },
            })
            // Polly's metrics are wanted, its log is not: onFailure logs.
            .ConfigureTelemetry(NullLoggerFactory.Instance)
            .Build();
    }
}
