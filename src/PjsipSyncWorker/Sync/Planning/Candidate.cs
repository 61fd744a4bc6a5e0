using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>An active extension that wants a number.</summary>
/// <param name="RowKey">The application's row.</param>
/// <param name="Number">The number that it wants.</param>
/// <param name="Desired">What its endpoint would be; null when the extension cannot become one.</param>
/// <param name="Problem">Why it cannot; empty when it can.</param>
internal readonly record struct Candidate(string RowKey, string Number, DesiredEndpoint? Desired, string Problem)
{
    /// <summary>Maps an active extension. As the mapper is not thread-safe, neither is this.</summary>
    public static Candidate Map(Extension extension, Mapper mapper) => mapper.TryMap(extension, out var desired, out var problem)
        ? new Candidate(extension.RowKey, extension.Number, desired, "")
        : new Candidate(extension.RowKey, extension.Number, null, problem);
}
