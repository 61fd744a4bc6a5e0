using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>An entry of the endpoint registry <c>pjsip_sync.managed_endpoint</c>: an endpoint that the worker made or adopted.</summary>
/// <param name="RowKey">The application's row that the endpoint belongs to.</param>
/// <param name="Adopted">Whether its rows existed before.</param>
/// <param name="Columns">The columns that were last written.</param>
/// <param name="Deleted">A tombstone: the rows are gone, and some Asterisk may not know yet.</param>
public sealed record ManagedEndpoint(string RowKey, bool Adopted, ColumnSet Columns, bool Deleted);
