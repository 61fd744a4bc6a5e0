using Polly;
using Polly.Retry;

namespace PjsipSyncWorker.Database;

/// <summary>The one way anything here comes back: exponential, jittered, capped, for ever.</summary>
internal static class Reconnect
{
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(15);

    /// <summary>A pipeline that runs something which only ends by failing or by being cancelled.</summary>
    /// <param name="onFailure">Told of every failure before the wait.</param>
    public static ResiliencePipeline Pipeline(string name, TimeProvider time, Action<Exception> onFailure)
    {
        var lastStart = time.GetTimestamp();
        var attempt = 0;
        return new ResiliencePipelineBuilder { Name = name, TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(error => error is not OperationCanceledException),
                MaxRetryAttempts = int.MaxValue,
                OnRetry = arguments =>
                {
                    onFailure(arguments.Outcome.Exception!);
                    return default;
                },
                DelayGenerator = _ =>
                {
                    // What ran well for a while starts again from the shortest wait.
                    attempt = time.GetElapsedTime(lastStart) > 2 * Slowest ? 0 : attempt + 1;
                    lastStart = time.GetTimestamp();
                    var delay = Math.Min(Slowest.TotalMilliseconds, 100 * Math.Pow(2, Math.Min(attempt, 10)));
                    return ValueTask.FromResult<TimeSpan?>(TimeSpan.FromMilliseconds(delay * (0.5 + Random.Shared.NextDouble() / 2)));
                },
            })
            .Build();
    }
}
