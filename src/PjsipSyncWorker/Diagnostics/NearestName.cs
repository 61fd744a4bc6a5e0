namespace PjsipSyncWorker.Diagnostics;

/// <summary>Finds the name that a person meant: for a command, an option or a key that is unknown.</summary>
internal static class NearestName
{
    /// <summary>The fewest characters that count as the beginning of a name.</summary>
    private const int ShortestBeginning = 3;

    /// <summary>Returns <c>; did you mean NAME?</c> for an unknown name; empty when no known name is near.</summary>
    public static string Question(string unknown, IEnumerable<string> known) =>
        Of(unknown, known) is { } name ? $"; did you mean {name}?" : "";

    /// <summary>
    /// Returns the only known name that begins with <paramref name="unknown"/>, else the known name with the fewest slips: letters that are
    /// missing, too many, wrong or swapped. Letter case counts as no slip.
    /// </summary>
    /// <returns>Null when each known name has more than one slip for every three letters, and for a single letter.</returns>
    public static string? Of(string unknown, IEnumerable<string> known)
    {
        var letters = unknown.Trim('-').Length;
        if (letters < 2)
            return null;
        var names = known.ToList();
        var longer = names.Where(name => name.StartsWith(unknown, StringComparison.OrdinalIgnoreCase)).ToList();
        if (longer.Count == 1 && letters >= ShortestBeginning)
            return longer[0];
        var (least, nearest) = (int.MaxValue, (string?)null);
        foreach (var name in names)
        {
            var slips = Slips(unknown.ToUpperInvariant(), name.ToUpperInvariant());
            if (slips <= Math.Max(letters, 3) / 3 && slips < least)
                (least, nearest) = (slips, name);
        }
        return nearest;
    }

    /// <summary>The distance of Damerau and Levenshtein, in which no part is changed twice.</summary>
    private static int Slips(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(cost[i - 1, j - 1] + same, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }
        return cost[a.Length, b.Length];
    }
}
