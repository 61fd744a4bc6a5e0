using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>What stands in the database for a set of ids, read in one transaction.</summary>
/// <param name="Candidates">The application's active rows with those numbers.</param>
/// <param name="Owners">The owner list.</param>
/// <param name="Target">The ps_* rows.</param>
/// <param name="Rejected">The rejections that stand, by row key, for those ids and for the owners' rows.</param>
/// <param name="Reserved">Of the ids those that objects in a server's own files have, each with that file and server in words.</param>
/// <param name="Unreadable">Ids whose rows the database could not even read, and why.</param>
internal sealed record SyncState(
    IReadOnlyList<Candidate> Candidates,
    IReadOnlyDictionary<string, ManagedEndpoint> Owners,
    IReadOnlyDictionary<string, ActualEndpoint> Target,
    IReadOnlyDictionary<string, Rejection> Rejected,
    IReadOnlyDictionary<string, string> Reserved,
    IReadOnlyList<Rejection> Unreadable);

/// <summary>Computes a <see cref="Plan"/>: a pure function of what was read.</summary>
internal sealed class Planner(RealtimeSchema catalogue, bool adopt)
{
    private readonly string?[] _wanted = new string?[catalogue.Columns.Count];
    private readonly ColumnSet _auth = catalogue.Of(RealtimeTable.Auth);

    public Plan Plan(IReadOnlyCollection<string> ids, SyncState state)
    {
        var changes = new List<EndpointChange>();
        var rejections = new List<Rejection>(state.Unreadable);
        var unreadable = state.Unreadable.Select(rejection => rejection.Id).ToHashSet(StringComparer.Ordinal);
        var unchanged = 0;
        var candidates = state.Candidates.ToLookup(claim => claim.Number, StringComparer.Ordinal);

        var keepers = new List<(string Id, ManagedEndpoint Owner)>();
        foreach (var id in ids)
        {
            if (unreadable.Contains(id))
                continue;
            var owner = state.Owners.GetValueOrDefault(id);
            var living = owner is { Deleted: false } ? owner : null;
            if (state.Reserved.TryGetValue(id, out var file) && candidates[id].Any())
            {
                rejections.AddRange(candidates[id].Select(claim => new Rejection(claim.RowKey, id,
                    $"number {id} is the name of an object in {file}, or in a file that it includes: choose another number, or rename that section")));
                continue;
            }
            if (Winner(id, candidates[id], living, rejections, out var ownerRefused) is not { } winner)
            {
                if (living is not null && !ownerRefused)
                    keepers.Add((id, living));
                continue;
            }
            var current = state.Target.GetValueOrDefault(id);
            if (living is null && current is { Any: true } && !adopt)
            {
                rejections.Add(new Rejection(winner.RowKey, id,
                    $"{string.Join(", ", Tables(current))} already has {(Tables(current).Count == 1 ? "a row" : "rows")} {id} that this worker did not make: choose another number, remove the row, or allow adoption (Sync:Adopt, sync-extensions --adopt)"));
                continue;
            }
            if (Difference(winner, living, current, listed: owner is not null) is { } change)
                changes.Add(change);
            else
                unchanged++;
        }

        var open = new HashSet<string>(changes.Select(change => change.Id), StringComparer.Ordinal);

        // An owner whose row now stands rejected under another number keeps its last good configuration.
        var refusedRows = rejections.Select(rejection => rejection.RowKey).ToHashSet(StringComparer.Ordinal);
        foreach (var (id, owner) in keepers)
        {
            open.Add(id);
            if (refusedRows.Contains(owner.RowKey) || StillRejected(owner.RowKey, ids, state))
                continue;
            changes.Add(new EndpointChange(owner.Adopted ? ChangeKind.Release : ChangeKind.Delete, id, owner.RowKey, owner.Adopted,
                null, default, default, [], Listed: true, TellAsterisk: true));
        }

        var news = rejections.Where(rejection => !state.Rejected.TryGetValue(rejection.RowKey, out var old) || old != rejection).ToList();
        var looked = ids as IReadOnlySet<string> ?? ids.ToHashSet(StringComparer.Ordinal);
        var repaired = state.Rejected.Values
            .Where(old => old.Id is not null && looked.Contains(old.Id) && !refusedRows.Contains(old.RowKey))
            .Select(old => old.RowKey).ToList();
        open.UnionWith(rejections.Select(rejection => rejection.Id ?? ""));
        open.UnionWith(state.Rejected.Values.Select(old => old.Id ?? ""));
        return new Plan(changes, news, repaired, unchanged, rejections.Count) { Open = open };
    }

    /// <summary>The one extension that gets the id: the owner if it still wants it, else the first by key.</summary>
    private static DesiredEndpoint? Winner(
        string id, IEnumerable<Candidate> candidates, ManagedEndpoint? owner, List<Rejection> rejections, out bool ownerRefused)
    {
        DesiredEndpoint? winner = null;
        ownerRefused = false;
        foreach (var claim in InOrder(candidates.ToList(), owner))
        {
            if (winner is not null || ownerRefused)
                rejections.Add(new Rejection(claim.RowKey, id, $"number {id} already belongs to the extension with the key {winner?.RowKey ?? owner!.RowKey}"));
            else if (claim.Mapped is null)
            {
                rejections.Add(new Rejection(claim.RowKey, id, claim.Problem));
                ownerRefused = claim.RowKey == owner?.RowKey;
            }
            else
                winner = claim.Mapped;
        }
        return winner;
    }

    private static IEnumerable<Candidate> InOrder(List<Candidate> candidates, ManagedEndpoint? owner) => candidates.Count < 2
        ? candidates
        : candidates.OrderBy(claim => claim.RowKey == owner?.RowKey ? 0 : 1).ThenBy(claim => claim.RowKey.Length).ThenBy(claim => claim.RowKey, StringComparer.Ordinal);

    private EndpointChange? Difference(DesiredEndpoint desired, ManagedEndpoint? owner, ActualEndpoint? current, bool listed)
    {
        var cleared = owner is null ? default : owner.Columns.Except(desired.Columns);
        var missing = new List<RealtimeTable>();
        foreach (var table in RealtimeTable.All)
            if (current is null || !current.Has(table))
                missing.Add(table);

        desired.Fill(_wanted);
        var differing = new ColumnSet();
        foreach (var index in desired.Columns)
        {
            if (!string.Equals(current?[index], _wanted[index], StringComparison.Ordinal))
                differing = differing.With(index);
            _wanted[index] = null;
        }
        foreach (var index in cleared)
            if (current?[index] is not null)
                differing = differing.With(index);

        if (owner is not null && missing.Count == 0 && differing.IsEmpty && cleared.IsEmpty
            && owner.Columns == desired.Columns && owner.RowKey == desired.RowKey)
            return null;
        return new EndpointChange(
            owner is null || missing.Count == 3 ? ChangeKind.Create : ChangeKind.Update,
            desired.Id, desired.RowKey, owner?.Adopted ?? current is { Any: true }, desired, cleared, differing, missing, listed,
            owner is null || missing.Contains(RealtimeTable.Aor) || missing.Contains(RealtimeTable.Endpoint) || !differing.Except(_auth).IsEmpty);
    }

    private static bool StillRejected(string rowKey, IReadOnlyCollection<string> ids, SyncState state) =>
        state.Rejected.TryGetValue(rowKey, out var old) && old.Id is not null && !ids.Contains(old.Id);

    private static List<string> Tables(ActualEndpoint rows) =>
        [.. RealtimeTable.All.Where(rows.Has).Select(table => table.Name)];
}
