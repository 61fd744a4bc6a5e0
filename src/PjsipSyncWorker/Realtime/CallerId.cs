using System.Text;

namespace PjsipSyncWorker.Realtime;

/// <summary>What Asterisk makes of <c>ps_endpoints.callerid</c> (main/callerid.c, pjsip_configuration.c).</summary>
public static class CallerId
{
    /// <summary>The longest name and the longest number that Asterisk keeps.</summary>
    public const int MaxBytes = 79;

    /// <summary>The number as Asterisk keeps it: without blanks, parentheses, hyphens and dots that are not at its end.</summary>
    public static string Stripped(string number)
    {
        var kept = new StringBuilder(number.Length);
        for (var i = 0; i < number.Length; i++)
            if (number[i] is not (' ' or '(' or ')' or '-') && (number[i] != '.' || i == number.Length - 1))
                kept.Append(number[i]);
        return kept.ToString();
    }

    /// <summary>A phone number without its separators (+49 30 1234-0); anything else as it is.</summary>
    public static string Plain(string number)
    {
        var stripped = Stripped(number);
        return stripped.Length > 0 && stripped.All(c => char.IsAsciiDigit(c) || c is '+' or '*' or '#') ? stripped : number;
    }

    /// <summary>A name as far as Asterisk keeps it, cut between two characters.</summary>
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
