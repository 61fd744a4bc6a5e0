using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>An active extension that wants a number: what it would become, or why it cannot.</summary>
internal readonly record struct Candidate(string RowKey, string Number, DesiredEndpoint? Mapped, string Problem)
{
    public static Candidate Of(Extension extension, Mapper mapper) => mapper.TryMap(extension, out var mapped, out var problem)
        ? new Candidate(extension.RowKey, extension.Number, mapped, "")
        : new Candidate(extension.RowKey, extension.Number, null, problem);
}
