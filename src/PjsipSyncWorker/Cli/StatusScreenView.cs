using System.Globalization;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>Shows extensions on a whole terminal: the summary, as many extensions as fit, and the last changes. Thread-safe.</summary>
internal sealed class StatusScreenView(StatusSelection selection, bool colour) : IStatusView
{
    private const int MostChanges = 5;

    /// <summary>Rows of the terminal for each line of changes that is shown.</summary>
    private const int RowsPerChange = 5;

    private readonly Lock _lock = new();
    private readonly Queue<StatusChange> _changes = [];
    private List<ExtensionStatus> _shown = [];
    private string _summary = "";
    private string? _problem;
    private DateTime _readAt;
    private Action<Func<int, int, IEnumerable<string>>>? _draw;

    /// <summary>Draws on this screen from now on.</summary>
    public void DrawOn(TerminalScreen screen) => _draw = screen.Draw;

    public void Show(StatusBoard board, IReadOnlyList<StatusChange> changes)
    {
        var ordered = board.Ordered.ToList();
        var summary = new StatusSummary();
        foreach (var status in ordered)
            summary.Add(status);
        lock (_lock)
        {
            (_shown, _summary, _readAt) = ([.. ordered.Where(selection.Shows)], summary.ToString(), DateTime.UtcNow);
            foreach (var change in changes.Where(change => change.Before is not null))
                _changes.Enqueue(change);
            while (_changes.Count > MostChanges)
                _changes.Dequeue();
        }
        Redraw();
    }

    public void Report(string? problem)
    {
        lock (_lock)
        {
            if (problem == _problem)
                return;
            _problem = problem;
        }
        Redraw();
    }

    /// <summary>Draws the same again, for example because the terminal has another size.</summary>
    public void Redraw() => _draw?.Invoke(Lines);

    /// <summary>Returns the lines for a terminal of this size.</summary>
    public IEnumerable<string> Lines(int width, int height)
    {
        lock (_lock)
        {
            var lines = new List<string> { Header(width), Notice(width) };
            var changes = _changes.Reverse().Take(height / RowsPerChange)
                .Select(change => TerminalText.Cut(ChangeText(change), width)).ToList();
            var room = height - lines.Count - (changes.Count == 0 ? 0 : changes.Count + 2);
            lines.AddRange(selection.Number is null ? Table(width, room)
                : _shown.SelectMany(status => StatusCard.Lines(status, DateTime.UtcNow, width, colour)).Take(room));
            if (changes.Count > 0)
                lines.AddRange(["", StatusTable.Paint(TerminalText.Cut("Last changes", width), "1", colour), .. changes]);
            return lines;
        }
    }

    private string Header(int width)
    {
        var time = StatusColumns.Time(_readAt);
        var left = selection.ToString() is { Length: > 0 } options ? $"{_summary}  ({options})" : _summary;
        var room = width - time.Length - 1;
        return room < 1 ? TerminalText.Cut(left, width) : StatusTable.Paint($"{TerminalText.Fit(left, room)} {time}", "7", colour);
    }

    private string Notice(int width) =>
        _problem is null ? "" : StatusTable.Paint(TerminalText.Cut(UntrustedText.Escape(_problem), width), "31", colour);

    private List<string> Table(int width, int room)
    {
        if (_shown.Count == 0)
            return [TerminalText.Cut("Nothing to show.", width)];
        var lines = StatusTable.Lines([.. _shown.Take(room)], width, colour).ToList();
        if (lines.Count <= room && _shown.Count <= room)
            return lines;
        var (rows, fitting) = (1, 0);
        while (fitting < _shown.Count && rows + Math.Max(1, _shown[fitting].Contacts.Count) < room)
            rows += Math.Max(1, _shown[fitting++].Contacts.Count);
        lines = [.. StatusTable.Lines([.. _shown.Take(fitting)], width, colour)];
        lines.Add(TerminalText.Cut(string.Create(CultureInfo.InvariantCulture, $"… and {_shown.Count - fitting} more"), width));
        return lines;
    }

    private static string ChangeText(StatusChange change)
    {
        var now = Words(change.Now);
        var before = Words(change.Before!);
        return UntrustedText.Escape($"{change.At.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  "
            + $"{StatusColumns.NumberOf(change.Now)}  {now}" + (before == now ? "" : $", was {before}"));
    }

    private static string Words(ExtensionStatus status) =>
        string.Join(' ', new[] { status.Status, status.DeviceState, status.Addresses }.Where(word => !string.IsNullOrEmpty(word)));
}
