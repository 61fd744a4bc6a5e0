using System.Globalization;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>A few numbers of extensions as text for a log line, however many there are.</summary>
internal static class NumberList
{
    /// <summary>So many numbers are all shown.</summary>
    private const int MostShown = 5;

    /// <summary>How many of more numbers are shown.</summary>
    private const int ShownOfMore = 3;

    /// <summary>Characters of one number; what is longer is cut.</summary>
    private const int MaxLength = 80;

    /// <summary>Returns the numbers in order: <c>1001, 1002</c>, or <c>1001, 1002, 1003 and 211 more</c>. They may be hostile.</summary>
    public static string Text(IReadOnlyCollection<string> numbers)
    {
        var shown = numbers.Order(StringComparer.Ordinal).Take(numbers.Count > MostShown ? ShownOfMore : MostShown).Select(Short);
        var text = string.Join(", ", shown);
        return numbers.Count > MostShown
            ? string.Create(CultureInfo.InvariantCulture, $"{text} and {numbers.Count - ShownOfMore} more")
            : text;
    }

    /// <summary>Returns one number, escaped and cut.</summary>
    public static string Short(string number) =>
        UntrustedText.Escape(number.Length > MaxLength ? $"{number.AsSpan(0, MaxLength)}…" : number);
}
