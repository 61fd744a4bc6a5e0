namespace PjsipSyncWorker.Realtime;

/// <summary>Numbers that mean something else to every Asterisk.</summary>
internal static class ReservedNames
{
    /// <summary>Extensions to which Asterisk sends calls by itself: at their end, for a wrong number, after a time-out, when a fax is heard (main/pbx.c, apps/app_voicemail.c).</summary>
    private static readonly string[] OfTheDialplan = ["a", "e", "h", "i", "o", "s", "t", "T", "fax", "failed"];

    /// <summary>Why no extension can have this number; null: it can.</summary>
    public static string? Problem(string number) =>
        number.Equals("anonymous", StringComparison.OrdinalIgnoreCase)
            ? "number is anonymous, the endpoint to which Asterisk gives the calls of everybody it does not know: choose another"
            : OfTheDialplan.Contains(number, StringComparer.Ordinal)
                ? $"number is {number}, to which Asterisk sends calls of its own (when a call ends, or a number is wrong): choose another"
                : null;
}
