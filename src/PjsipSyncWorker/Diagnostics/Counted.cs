namespace PjsipSyncWorker.Diagnostics;

/// <summary>A number with its noun, in the singular for 1 alone.</summary>
internal static class Counted
{
    /// <param name="many">The plural; null for <paramref name="one"/> with an s.</param>
    /// <returns><c>1 endpoint</c>, <c>2 endpoints</c>, <c>0 endpoints</c>.</returns>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");
}
