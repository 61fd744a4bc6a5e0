using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync;

/// <summary>An active extension that wants a number: what it would become, or why it cannot.</summary>
internal readonly record struct Claim(string RowKey, string Number, MappedEndpoint? Mapped, string Problem)
{
    public static Claim Of(Extension extension, Mapper mapper) => mapper.TryMap(extension, out var mapped, out var problem)
        ? new Claim(extension.RowKey, extension.Number, mapped, "")
        : new Claim(extension.RowKey, extension.Number, null, problem);
}
