namespace PjsipSyncWorker.Realtime;

/// <summary>Numbers that have another meaning in every Asterisk.</summary>
internal static class ReservedNames
{
    /// <summary>
    /// Extensions of the dialplan to which Asterisk sends calls by itself: at the end of a call, for a wrong number, after a time-out, when
    /// it detects a fax (main/pbx.c, apps/app_voicemail.c).
    /// </summary>
    private static readonly string[] SpecialExtensions = ["a", "e", "h", "i", "o", "s", "t", "T", "fax", "failed"];

    /// <summary>Returns why no extension can have this number; null when one can.</summary>
    public static string? Problem(string number) =>
        number.Equals("anonymous", StringComparison.OrdinalIgnoreCase)
            ? "number is anonymous, the endpoint to which Asterisk gives the calls of everybody it does not know: choose another"
            : SpecialExtensions.Contains(number, StringComparer.Ordinal)
                ? $"number is {number}, to which Asterisk sends calls of its own (when a call ends, or a number is wrong): choose another"
                : null;
}
