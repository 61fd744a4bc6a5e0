using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Diagnostics;
using Polly;
using Polly.Retry;

namespace PjsipSyncWorker.Postgres;

/// <summary>The one way anything here comes back: exponential, jittered, capped, for ever.</summary>
internal static class Reconnect
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Insisting = TimeSpan.FromMinutes(1);

    /// <summary>A pipeline that runs something which only ends by failing or by being cancelled.</summary>
    /// <param name="onFailure">Told of a failure, and how long the wait is; of one that repeats, once a minute.</param>
    /// <param name="slowAfter">Failures that only a person can mend, so that insisting does harm: they are tried again once a minute.</param>
    /// <param name="health">Told of every failure.</param>
    public static ResiliencePipeline Pipeline(
        string name, TimeProvider time, HealthPart health, Action<Exception, TimeSpan> onFailure, Func<Exception, bool>? slowAfter = null)
    {
        var lastStart = time.GetTimestamp();
        var attempt = 0;
        (string? Failure, long At) told = default;
        return new ResiliencePipelineBuilder { Name = name, TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is not null && !arguments.Context.CancellationToken.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = arguments =>
                {
                    // What ran well for a while starts again from the shortest wait.
                    if (time.GetElapsedTime(lastStart) > 5 * Slowest)
                        (attempt, told) = (0, default);
                    else
                        attempt++;
                    var delay = slowAfter?.Invoke(arguments.Outcome.Exception!) == true
                        ? Insisting
                        : TimeSpan.FromTicks(Math.Min(Slowest.Ticks, First.Ticks << Math.Min(attempt, 10)));
                    delay *= 0.5 + Random.Shared.NextDouble() / 2;
                    lastStart = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
                    return ValueTask.FromResult<TimeSpan?>(delay);
                },
                OnRetry = arguments =>
                {
                    var failure = arguments.Outcome.Exception!;
                    health.Report(DatabaseErrors.Describe(failure), arguments.RetryDelay);
                    if (failure.Message != told.Failure || time.GetElapsedTime(told.At) >= Insisting)
                    {
                        told = (failure.Message, time.GetTimestamp());
                        onFailure(failure, arguments.RetryDelay);
                    }
                    return default;
                },
            })
            // Its meter is wanted; what happened is said by onFailure.
            .ConfigureTelemetry(NullLoggerFactory.Instance)
            .Build();
    }
}
