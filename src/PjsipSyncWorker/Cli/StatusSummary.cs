using System.Globalization;

namespace PjsipSyncWorker.Cli;

/// <summary>Counts extensions for the summary line of <c>status</c>. Not thread-safe.</summary>
internal sealed class StatusSummary
{
    private int _total;
    private int _online;
    private int _busy;
    private int _rejected;
    private int _pending;
    private int _disabled;
    private int _faulty;

    /// <summary>Counts one more extension.</summary>
    public void Add(ExtensionStatus status)
    {
        _total++;
        _online += status.Status is "online" ? 1 : 0;
        _busy += status.IsBusy ? 1 : 0;
        _rejected += status.Status is "rejected" ? 1 : 0;
        _pending += status.Status is "pending" ? 1 : 0;
        _disabled += status.Status is "disabled" ? 1 : 0;
        _faulty += status.IsPhone && status.NeedsAttention ? 1 : 0;
    }

    /// <summary>For example <c>4 of 63 online, 2 rejected, 1 disabled</c>. Only the count of online ones may be zero.</summary>
    public override string ToString()
    {
        string[] parts =
        [
            string.Create(CultureInfo.InvariantCulture, $"{_online} of {_total} online"),
            Part(_busy, "in a call"), Part(_faulty, _faulty == 1 ? "with a problem" : "with problems"), Part(_rejected, "rejected"),
            Part(_pending, "not synced yet"), Part(_disabled, "disabled"),
        ];
        return string.Join(", ", parts.Where(part => part.Length > 0));
    }

    private static string Part(int count, string what) =>
        count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{count} {what}");
}
