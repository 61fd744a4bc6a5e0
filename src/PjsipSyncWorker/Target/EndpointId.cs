namespace PjsipSyncWorker.Target;

/// <summary>What a number must be like to be an id that SIP, AMI, the dialplan and realtime can all carry.</summary>
public static class EndpointId
{
    private const string Marks = "-_.!~*'()=+$?#";

    /// <summary>The reason why a number cannot be an id, or null.</summary>
    public static string? Problem(string number, int maxLength)
    {
        if (number.Length == 0)
            return "number is empty";
        if (number.Length > maxLength)
            return $"number is longer than the {maxLength} characters that the ps_* tables take";
        foreach (var c in number)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !Marks.Contains(c, StringComparison.Ordinal))
                return $"number holds {Named(c)}: letters, digits and {Marks} can be carried by SIP, AMI and the dialplan";
        }
        return null;
    }

    private static string Named(char c) => c switch
    {
        ' ' => "a space",
        '\n' or '\r' => "a line break",
        < ' ' or '\x7f' => "a control character",
        > '\x7f' => "a character outside ASCII",
        _ => $"the character {c}",
    };
}
