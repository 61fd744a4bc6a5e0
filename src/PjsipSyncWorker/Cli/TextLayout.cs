namespace PjsipSyncWorker.Cli;

/// <summary>Breaks text into lines that fit a terminal.</summary>
internal static class TextLayout
{
    /// <summary>Columns when the width of the terminal is unknown.</summary>
    private const int UsualWidth = 80;

    /// <summary>The columns of the terminal that standard output is.</summary>
    public static int TerminalWidth
    {
        get
        {
            try
            {
                return Console.WindowWidth > 0 ? Console.WindowWidth : UsualWidth;
            }
            catch (IOException)
            {
                return UsualWidth;
            }
        }
    }

    /// <summary>Breaks at spaces. A word that is longer than a line keeps its line to itself, so that it can be copied.</summary>
    /// <param name="width">Columns of a line, at most.</param>
    /// <param name="indent">Spaces before each line but the first.</param>
    public static IEnumerable<string> Wrap(string text, int width, int indent = 0)
    {
        while (text.Length > width)
        {
            var first = text.Length - text.TrimStart().Length + 1;
            var at = text.LastIndexOf(' ', width, Math.Max(0, width - Math.Max(first, indent)) + 1);
            if (at <= Math.Max(first, indent))
                at = text.IndexOf(' ', Math.Max(first, indent));
            if (at < 0 || text[at..].Trim().Length == 0)
                break;
            yield return text[..at].TrimEnd();
            text = new string(' ', indent) + text[at..].TrimStart();
        }
        yield return text;
    }
}
