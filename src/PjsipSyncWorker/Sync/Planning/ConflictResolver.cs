using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Sync.Planning;

/// <summary>Decides which of several candidates gets a number. Pure.</summary>
internal static class ConflictResolver
{
    /// <summary>
    /// Selects the owner of the registry entry if it still wants the number and can be mapped, else the first mappable candidate by row
    /// key. A shorter key is first, so that 9 is before 10. If the owner cannot be mapped none is selected, because the endpoint keeps its
    /// last good configuration.
    /// </summary>
    /// <param name="candidates">All that want the number, in any order.</param>
    /// <param name="owner">The living registry entry of the number; null when there is none.</param>
    /// <param name="rejections">Receives a rejection for each candidate that is not selected.</param>
    /// <param name="isOwnerRejected">Whether the owner wants the number and cannot be mapped.</param>
    /// <returns>What the selected candidate's endpoint must be; null when none is selected.</returns>
    public static DesiredEndpoint? Select(
        string id, IEnumerable<Candidate> candidates, ManagedEndpoint? owner, List<Rejection> rejections, out bool isOwnerRejected)
    {
        DesiredEndpoint? selected = null;
        isOwnerRejected = false;
        foreach (var candidate in InOrder(candidates.ToList(), owner))
        {
            if (selected is not null || isOwnerRejected)
            {
                rejections.Add(new Rejection(candidate.RowKey, id,
                    $"number {id} already belongs to the extension with the key {selected?.RowKey ?? owner!.RowKey}"));
            }
            else if (candidate.Desired is null)
            {
                rejections.Add(new Rejection(candidate.RowKey, id, candidate.Problem));
                isOwnerRejected = candidate.RowKey == owner?.RowKey;
            }
            else
            {
                selected = candidate.Desired;
            }
        }
        return selected;
    }

    private static IEnumerable<Candidate> InOrder(List<Candidate> candidates, ManagedEndpoint? owner) => candidates.Count < 2
        ? candidates
        : candidates
            .OrderBy(candidate => candidate.RowKey == owner?.RowKey ? 0 : 1)
            .ThenBy(candidate => candidate.RowKey.Length)
            .ThenBy(candidate => candidate.RowKey, StringComparer.Ordinal);
}
