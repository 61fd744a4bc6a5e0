using System.Text;

namespace PjsipSyncWorker.Realtime;

/// <summary>What Asterisk does with <c>ps_endpoints.callerid</c> (main/callerid.c, pjsip_configuration.c).</summary>
public static class CallerId
{
    /// <summary>The longest name and the longest number that Asterisk keeps, in bytes of UTF-8.</summary>
    public const int MaxBytes = 79;

    /// <summary>Returns the number as Asterisk keeps it: without blanks, parentheses, hyphens, and dots except one at the end.</summary>
    public static string Stripped(string number)
    {
        var kept = new StringBuilder(number.Length);
        for (var i = 0; i < number.Length; i++)
            if (number[i] is not (' ' or '(' or ')' or '-') && (number[i] != '.' || i == number.Length - 1))
                kept.Append(number[i]);
        return kept.ToString();
    }

    /// <summary>Returns a phone number without its separators (+49 30 1234-0), and anything else unchanged.</summary>
    public static string Plain(string number)
    {
        var stripped = Stripped(number);
        return stripped.Length > 0 && stripped.All(c => char.IsAsciiDigit(c) || c is '+' or '*' or '#') ? stripped : number;
    }

    /// <summary>Returns the part of a name that Asterisk keeps, cut between two characters.</summary>
    public static string Cut(string name)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxBytes)
                break;
            length += rune.Utf16SequenceLength;
        }
        return name[..length];
    }
}
