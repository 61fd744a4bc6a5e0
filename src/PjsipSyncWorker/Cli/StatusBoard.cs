namespace PjsipSyncWorker.Cli;

/// <summary>The extensions as <c>status --watch</c> knows them, and what changes in them. Not thread-safe.</summary>
internal sealed class StatusBoard
{
    private readonly Dictionary<string, List<ExtensionStatus>> _byNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTime> _changedAt = new(StringComparer.Ordinal);

    /// <summary>All extensions in the order in which they are shown; in each group the one that changed last first.</summary>
    public IEnumerable<ExtensionStatus> Ordered => _byNumber.Values.SelectMany(statuses => statuses)
        .OrderBy(status => status.Rank)
        .ThenByDescending(status => _changedAt.GetValueOrDefault(status.Number))
        .ThenBy(status => status.Number, StringComparer.Ordinal);

    /// <summary>Takes over what was read.</summary>
    /// <param name="numbers">The numbers that were read: an extension of theirs that is missing is gone. Null: all were read.</param>
    /// <param name="read">What was read.</param>
    /// <param name="at">When, UTC.</param>
    /// <returns>The changes, in the order of <paramref name="read"/>; extensions that are gone come last.</returns>
    public List<StatusChange> Update(IReadOnlyCollection<string>? numbers, IReadOnlyList<ExtensionStatus> read, DateTime at)
    {
        var changes = new List<StatusChange>();
        var gone = (numbers ?? [.. _byNumber.Keys]).SelectMany(number => _byNumber.GetValueOrDefault(number, []))
            .ToDictionary(Key, StringComparer.Ordinal);
        foreach (var now in read)
        {
            gone.Remove(Key(now), out var before);
            if (before is null || StatusLine.OfState(before) != StatusLine.OfState(now))
                changes.Add(new StatusChange(before, now, at));
        }
        changes.AddRange(gone.Values.Select(before => new StatusChange(before, before with { Status = "removed", Contacts = [] }, at)));

        foreach (var number in numbers ?? [.. _byNumber.Keys])
            _byNumber.Remove(number);
        foreach (var now in read)
        {
            if (!_byNumber.TryGetValue(now.Number, out var statuses))
                _byNumber.Add(now.Number, statuses = []);
            statuses.Add(now);
        }
        foreach (var change in changes.Where(change => change.Before is not null))
            _changedAt[change.Now.Number] = at;
        return changes;
    }

    private static string Key(ExtensionStatus status) => $"{status.Number}\n{status.RowKey}";
}

/// <summary>A change of an extension.</summary>
/// <param name="Before">Null when the extension was not known before.</param>
/// <param name="Now">With the status <c>removed</c> when the extension is gone.</param>
/// <param name="At">When the change was seen, UTC.</param>
internal sealed record StatusChange(ExtensionStatus? Before, ExtensionStatus Now, DateTime At);
