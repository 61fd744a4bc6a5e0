
namespace PjsipSyncWorker.Extensions;

/// <summary>How something of an extension is refused: with false, and a problem that says what would be right.</summary>
internal static class Refusal
{
    public static bool Refuse(string reason, out string problem)
    {
        problem = reason;
        return false;
    }

    /// <summary>A name that the application chose, as a message may show it.</summary>
    public static string Shown(string name) => name.Length <= 60 && name.All(c => c is > ' ' and < '\x7f') ? name : "(a name with odd characters)";
}
