namespace PjsipSyncWorker.Extensions;

/// <summary>Helps methods of the form <c>bool TryX(…, out string problem)</c> to refuse something in one expression.</summary>
internal static class Refusal
{
    /// <summary>Sets the problem and returns false.</summary>
    /// <param name="reason">What would be right; never the value of a secret.</param>
    public static bool Refuse(string reason, out string problem)
    {
        problem = reason;
        return false;
    }

    /// <summary>
    /// Returns a name that the application chose as a message may show it: printable ASCII of at most 60 characters, else a substitute.
    /// </summary>
    public static string Shown(string name) =>
        name.Length <= 60 && name.All(c => c is > ' ' and < '\x7f') ? name : "(a name with odd characters)";
}
