using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>
/// Computes a <see cref="Plan"/> from a <see cref="SyncState"/>. The result depends on nothing else. Not thread-safe, because a buffer is
/// reused between calls.
/// </summary>
/// <param name="schema">The columns that the ps_* tables have.</param>
/// <param name="adopt">Whether rows that others made may be taken over (<c>Sync:Adopt</c>).</param>
internal sealed class Planner(RealtimeSchema schema, bool adopt)
{
    /// <summary>Desired values by column index; all null between calls.</summary>
    private readonly string?[] _desired = new string?[schema.Columns.Count];

    private readonly ColumnSet _authColumns = schema.Of(RealtimeTable.Auth);

    /// <summary>Plans a set of ids.</summary>
    /// <param name="ids">Each once.</param>
    /// <param name="state">Everything that was read of these ids.</param>
    public Plan Plan(IReadOnlyCollection<string> ids, SyncState state)
    {
        var changes = new List<EndpointChange>();
        var rejections = new List<Rejection>(state.Unreadable);
        var unwanted = new List<(string Id, ManagedEndpoint Entry)>();
        var unchanged = 0;
        var unreadable = state.Unreadable.Select(rejection => rejection.Id).ToHashSet(StringComparer.Ordinal);
        var candidates = state.Candidates.ToLookup(candidate => candidate.Number, StringComparer.Ordinal);

        foreach (var id in ids)
        {
            if (unreadable.Contains(id) || RejectReserved(id, candidates[id], state, rejections))
                continue;
            var entry = state.Managed.GetValueOrDefault(id);
            var living = entry is { Deleted: false } ? entry : null;
            if (ConflictResolver.Select(id, candidates[id], living, rejections, out var isOwnerRejected) is not { } desired)
            {
                if (living is not null && !isOwnerRejected)
                    unwanted.Add((id, living));
                continue;
            }
            var actual = state.Actual.GetValueOrDefault(id);
            if (living is null && actual is { Any: true } && !adopt)
                rejections.Add(new Rejection(desired.RowKey, id, ForeignRowsReason(id, actual)));
            else if (Difference(desired, living, actual, hasEntry: entry is not null) is { } change)
                changes.Add(change);
            else
                unchanged++;
        }

        var unsettled = new HashSet<string>(changes.Select(change => change.Id), StringComparer.Ordinal);
        unsettled.UnionWith(rejections.Select(rejection => rejection.Id ?? ""));
        unsettled.UnionWith(state.Rejected.Values.Select(rejection => rejection.Id ?? ""));

        var rejectedRows = rejections.Select(rejection => rejection.RowKey).ToHashSet(StringComparer.Ordinal);
        foreach (var (id, entry) in unwanted)
        {
            unsettled.Add(id);
            // An owner that is rejected under another number keeps its last good configuration.
            if (!rejectedRows.Contains(entry.RowKey) && !IsRejectedElsewhere(entry.RowKey, ids, state))
                changes.Add(EndpointChange.Remove(id, entry));
        }

        var planned = ids as IReadOnlySet<string> ?? ids.ToHashSet(StringComparer.Ordinal);
        return new Plan
        {
            Changes = changes,
            NewRejections = [.. rejections.Where(rejection =>
                !state.Rejected.TryGetValue(rejection.RowKey, out var stored) || stored != rejection)],
            Repaired = Repaired(state.Rejected.Values.Where(stored =>
                stored.Id is not null && planned.Contains(stored.Id) && !rejectedRows.Contains(stored.RowKey)), changes),
            Unchanged = unchanged,
            Rejected = rejections.Count,
            UnsettledIds = unsettled,
        };
    }

    private static List<Rejection> Repaired(IEnumerable<Rejection> rejections, List<EndpointChange> changes)
    {
        List<Rejection> repaired = [.. rejections];
        if (repaired.Count == 0)
            return repaired;
        var numbers = changes.Where(change => change.Desired is not null)
            .ToLookup(change => change.RowKey, change => change.Id, StringComparer.Ordinal);
        return [.. repaired.Select(stored => stored with { Id = numbers[stored.RowKey].FirstOrDefault() ?? stored.Id })];
    }

    /// <summary>Rejects all candidates of an id that an object in a server's own files has.</summary>
    /// <returns>Whether there was such an object and any candidate.</returns>
    private static bool RejectReserved(string id, IEnumerable<Candidate> candidates, SyncState state, List<Rejection> rejections)
    {
        if (!state.Reserved.TryGetValue(id, out var file))
            return false;
        var before = rejections.Count;
        rejections.AddRange(candidates.Select(candidate => new Rejection(candidate.RowKey, id,
            $"number {id} is the name of an object in {file}, or in a file that it includes: "
            + "choose another number, or rename that section")));
        return rejections.Count > before;
    }

    private static string ForeignRowsReason(string id, ActualEndpoint actual)
    {
        var tables = RealtimeTable.All.Where(actual.Has).Select(table => table.Name).ToList();
        return $"{string.Join(", ", tables)} already has {(tables.Count == 1 ? "a row" : "rows")} {id} that this worker did not make: "
            + "choose another number, remove the row, or allow adoption (Sync:Adopt, sync-extensions --adopt)";
    }

    /// <returns>Null when the endpoint is as desired and so is its registry entry.</returns>
    private EndpointChange? Difference(DesiredEndpoint desired, ManagedEndpoint? living, ActualEndpoint? actual, bool hasEntry)
    {
        var cleared = living is null ? default : living.Columns.Except(desired.Columns);
        var missing = new List<RealtimeTable>();
        foreach (var table in RealtimeTable.All)
            if (actual is null || !actual.Has(table))
                missing.Add(table);
        var differing = DifferingColumns(desired, cleared, actual);

        if (living is not null && missing.Count == 0 && differing.IsEmpty && cleared.IsEmpty
            && living.Columns == desired.Columns && living.RowKey == desired.RowKey)
            return null;
        return new EndpointChange
        {
            Kind = living is null || missing.Count == RealtimeTable.All.Count ? ChangeKind.Create : ChangeKind.Update,
            Id = desired.Id,
            RowKey = desired.RowKey,
            IsAdopted = living?.Adopted ?? actual is { Any: true },
            Desired = desired,
            Cleared = cleared,
            Differing = differing,
            Missing = missing,
            HasEntry = hasEntry,
            RequiresAnnouncement = living is null || missing.Contains(RealtimeTable.Aor) || missing.Contains(RealtimeTable.Endpoint)
                || !differing.Except(_authColumns).IsEmpty,
        };
    }

    private ColumnSet DifferingColumns(DesiredEndpoint desired, ColumnSet cleared, ActualEndpoint? actual)
    {
        var differing = new ColumnSet();
        desired.CopyTo(_desired);
        foreach (var index in desired.Columns)
        {
            if (!string.Equals(actual?[index], _desired[index], StringComparison.Ordinal))
                differing = differing.With(index);
            _desired[index] = null;
        }
        foreach (var index in cleared)
            if (actual?[index] is not null)
                differing = differing.With(index);
        return differing;
    }

    /// <summary>Returns whether a row has a stored rejection under a number that is not planned now.</summary>
    private static bool IsRejectedElsewhere(string rowKey, IReadOnlyCollection<string> ids, SyncState state) =>
        state.Rejected.TryGetValue(rowKey, out var stored) && stored.Id is not null && !ids.Contains(stored.Id);
}
