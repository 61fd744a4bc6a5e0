using System.Globalization;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>Words that depend on a number, in texts for people.</summary>
internal static class Plural
{
    /// <summary>
    /// Returns the ending of a regular English noun: empty for 1, else "s". A text of LoggerMessage has it as <c>{S}</c>:
    /// <c>{Count} change{S}</c>.
    /// </summary>
    public static string S(long count) => count == 1 ? "" : "s";

    /// <summary>Returns the number and its noun: <c>1 change</c>, <c>5 changes</c>.</summary>
    /// <param name="one">The noun, and what else depends on the number, for 1 alone.</param>
    /// <param name="many">The same for any other number; null for a regular noun.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");
}
