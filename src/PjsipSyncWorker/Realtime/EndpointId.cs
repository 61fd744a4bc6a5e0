namespace PjsipSyncWorker.Realtime;

/// <summary>What a number must be like to be an id that SIP, AMI, the dialplan and realtime can all carry.</summary>
public static class EndpointId
{
    private const string Marks = "-_.!~*'()=+$?#";

    /// <summary>Asterisk cuts what is dialled after this many characters (AST_MAX_EXTENSION is 80, its end included).</summary>
    private const int LongestDialled = 79;

    /// <summary>The reason why a number cannot be an id, or null.</summary>
    public static string? Problem(string number, int maxLength)
    {
        if (number.Length == 0)
            return "number is empty";
        if (number.Length > maxLength)
            return $"number is longer than the {maxLength} characters that the ps_* tables take";
        if (number.Length > LongestDialled)
            return $"number is longer than the {LongestDialled} characters that Asterisk can dial";
        foreach (var c in number)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !Marks.Contains(c, StringComparison.Ordinal))
                return $"number holds {Named(c)}: letters, digits and {Marks} can be carried by SIP, AMI and the dialplan";
        }
        return HasOpenParenthesis(number) ? "number holds a ( without its ): the dialplan could not tell where it ends" : null;
    }

    /// <summary>As Asterisk counts them when it takes an application's arguments apart.</summary>
    private static bool HasOpenParenthesis(string number)
    {
        var open = 0;
        foreach (var c in number)
        {
            if (c == '(')
                open++;
            else if (c == ')' && open > 0)
                open--;
        }
        return open > 0;
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
