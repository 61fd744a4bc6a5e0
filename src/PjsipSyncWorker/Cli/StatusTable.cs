using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>The list of extensions for a terminal: it has as many columns as fit, and each row is one line.</summary>
internal static class StatusTable
{
    private const string Gap = "  ";
    private const string Bold = "1";

    /// <summary>Returns the lines of the list, the titles first. No line takes more columns than the terminal has.</summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="colour">Whether lines have ANSI colours.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<ExtensionStatus> statuses, int width, bool colour)
    {
        var rows = statuses.SelectMany(status => StatusRow.Of(status, width)).ToList();
        var columns = Fitting(StatusColumns.All
            .Select(column => new Cells(column, [.. rows.Select(row => UntrustedText.Escape(column.Text(row)))])), width);
        yield return Join(columns.Select(column => Paint(TerminalText.Fit(column.Column.Title, column.Width), Bold, colour)));
        for (var i = 0; i < rows.Count; i++)
        {
            yield return Join(columns.Select(column =>
                Paint(TerminalText.Fit(column.Texts[i], column.Width), column.Column.Colour?.Invoke(rows[i]), colour)));
        }
    }

    /// <summary>Returns the text in a colour.</summary>
    /// <param name="code">The ANSI code; null for none.</param>
    public static string Paint(string text, string? code, bool colour) =>
        colour && code is not null && text.AsSpan().Trim().Length > 0 ? $"\e[{code}m{text}\e[0m" : text;

    /// <summary>
    /// Chooses the most important columns that fit, each with its least width, and then widens them by turns. A column without texts is
    /// left out.
    /// </summary>
    private static List<Cells> Fitting(IEnumerable<Cells> all, int width)
    {
        var chosen = new List<Cells>();
        var left = width + Gap.Length;
        foreach (var cells in all.Where(cells => cells.Texts.Any(text => text.Length > 0) || cells.Column.Importance == 0)
            .OrderBy(cells => cells.Column.Importance).ToList())
        {
            cells.Width = Math.Min(cells.Longest, cells.Column.Least);
            if (chosen.Count == 0)
                cells.Width = Math.Min(cells.Width, width);
            if (cells.Width + Gap.Length > left)
                break;
            left -= cells.Width + Gap.Length;
            chosen.Add(cells);
        }
        while (left > 0 && chosen.Exists(cells => cells.Width < cells.Longest))
        {
            foreach (var cells in chosen.Where(cells => cells.Width < cells.Longest).Take(left).ToList())
            {
                cells.Width++;
                left--;
            }
        }
        return [.. StatusColumns.All.Join(chosen, column => column, cells => cells.Column, (_, cells) => cells)];
    }

    private static string Join(IEnumerable<string> cells) => string.Join(Gap, cells).TrimEnd();

    /// <summary>A column with its texts.</summary>
    private sealed class Cells(StatusColumn column, string[] texts)
    {
        public StatusColumn Column => column;

        public string[] Texts => texts;

        /// <summary>Columns of the terminal that the longest text takes, or the title.</summary>
        public int Longest { get; } = Math.Max(column.Title.Length, texts.Select(TerminalText.Width).DefaultIfEmpty(0).Max());

        public int Width { get; set; }
    }
}
