using System.Globalization;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>
/// Processor time of processes that this one did not start, from <c>/proc/PID/stat</c>. Linux counts it in ticks of 10 ms.
/// </summary>
internal static class ProcStat
{
    private const int TicksPerSecond = 100;

    // Fields of proc(5), counted from the third: the second is the name, in brackets, and may hold spaces.
    private const int Parent = 4 - 3, User = 14 - 3, System = 15 - 3, UserOfChildren = 16 - 3, SystemOfChildren = 17 - 3;

    /// <summary>User and system time of one process with all its threads. Zero when it is gone.</summary>
    public static TimeSpan Of(int process) => Stat(process) is { } stat ? Sum(stat, User, System) : TimeSpan.Zero;

    /// <summary>The time of a process, of its children, and of those of its children that have ended.</summary>
    public static TimeSpan OfFamily(int parent)
    {
        var total = Stat(parent) is { } own ? Sum(own, User, System, UserOfChildren, SystemOfChildren) : TimeSpan.Zero;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var process)
                && Stat(process) is { } stat && Number(stat[Parent]) == parent)
                total += Sum(stat, User, System, UserOfChildren, SystemOfChildren);
        return total;
    }

    /// <summary>The process that started a process.</summary>
    public static int ParentOf(int process) => (int)Number(Stat(process)![Parent]);

    private static TimeSpan Sum(string[] stat, params ReadOnlySpan<int> fields)
    {
        var ticks = 0L;
        foreach (var field in fields)
            ticks += Number(stat[field]);
        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static string[]? Stat(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
