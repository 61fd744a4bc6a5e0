using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace PjsipSyncWorker.Cli;

/// <summary>Measures, cuts and wraps text in the columns of a terminal, where a character may take none or two of them.</summary>
internal static class TerminalText
{
    private const char Ellipsis = '…';

    /// <summary>The columns that the text takes.</summary>
    public static int Width(string text) => Ascii.IsValid(text) ? text.Length : Elements(text).Sum(element => element.Width);

    /// <summary>Cuts the text to so many columns, and marks the cut with an ellipsis.</summary>
    /// <param name="width">At least 1.</param>
    public static string Cut(string text, int width)
    {
        if (Width(text) <= width)
            return text;
        var cut = new StringBuilder();
        var left = width - 1;
        foreach (var element in Elements(text))
        {
            if (element.Width > left)
                break;
            cut.Append(element.Text);
            left -= element.Width;
        }
        return cut.Append(Ellipsis).ToString();
    }

    /// <summary>Cuts the text to so many columns, or fills it up with spaces.</summary>
    public static string Fit(string text, int width)
    {
        var cut = Cut(text, width);
        return cut + new string(' ', width - Width(cut));
    }

    /// <summary>Breaks the text at spaces into lines of so many columns. A longer word is broken anywhere.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        var used = 0;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (used > 0 && used + 1 + Width(word) > width)
            {
                yield return line.ToString();
                (used, _) = (0, line.Clear());
            }
            if (used > 0)
            {
                line.Append(' ');
                used++;
            }
            foreach (var element in Elements(word))
            {
                if (used + element.Width > width)
                {
                    yield return line.ToString();
                    (used, _) = (0, line.Clear());
                }
                line.Append(element.Text);
                used += element.Width;
            }
        }
        yield return line.ToString();
    }

    /// <summary>What a terminal shows as one character each, with the columns that it takes.</summary>
    private static IEnumerable<(string Text, int Width)> Elements(string text)
    {
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            var element = elements.GetTextElement();
            yield return (element, element.EnumerateRunes().Max(rune => new Segment(rune.ToString()).CellCount()));
        }
    }
}
