using Polly;
using Polly.Retry;

namespace PjsipSyncWorker.Database;

/// <summary>The one way anything here comes back: exponential, jittered, capped, for ever.</summary>
internal static class Reconnect
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(15);

    /// <summary>A pipeline that runs something which only ends by failing or by being cancelled.</summary>
    /// <param name="onFailure">Told of every failure, and how long the wait is.</param>
    /// <param name="slowAfter">Failures that only a person can mend, so that insisting does harm: they are tried again at the slowest pace.</param>
    public static ResiliencePipeline Pipeline(
        string name, TimeProvider time, Action<Exception, TimeSpan> onFailure, Func<Exception, bool>? slowAfter = null)
    {
        var lastStart = time.GetTimestamp();
        var attempt = 0;
        return new ResiliencePipelineBuilder { Name = name, TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is not null && !arguments.Context.CancellationToken.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = arguments =>
                {
                    // What ran well for a while starts again from the shortest wait.
                    attempt = time.GetElapsedTime(lastStart) > 2 * Slowest ? 0 : attempt + 1;
                    var delay = slowAfter?.Invoke(arguments.Outcome.Exception!) == true
                        ? 4 * Slowest
                        : TimeSpan.FromTicks(Math.Min(Slowest.Ticks, First.Ticks << Math.Min(attempt, 10)));
                    delay *= 0.5 + Random.Shared.NextDouble() / 2;
                    lastStart = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
                    return ValueTask.FromResult<TimeSpan?>(delay);
                },
                OnRetry = arguments =>
                {
                    onFailure(arguments.Outcome.Exception!, arguments.RetryDelay);
                    return default;
                },
            })
            .Build();
    }
}
