namespace PjsipSyncWorker.Realtime;

/// <summary>Checks whether a number can be an endpoint's id, which SIP, AMI, the dialplan and realtime must all be able to carry.</summary>
public static class EndpointId
{
    private const string Punctuation = "-_.!~*'()=+$?#";

    /// <summary>Asterisk cuts a dialled number after this many characters (AST_MAX_EXTENSION is 80, with the terminating zero).</summary>
    private const int LongestDialled = 79;

    /// <summary>Returns why a number cannot be an id; null when it can.</summary>
    /// <param name="maxLength">In characters, of the id columns.</param>
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
            if (!char.IsAsciiLetterOrDigit(c) && !Punctuation.Contains(c, StringComparison.Ordinal))
                return $"number holds {Named(c)}: letters, digits and {Punctuation} can be carried by SIP, AMI and the dialplan";
        }
        return HasOpenParenthesis(number) ? "number holds a ( without its ): the dialplan could not tell where it ends" : null;
    }

    /// <summary>Counts as Asterisk does when it parses the arguments of an application.</summary>
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
