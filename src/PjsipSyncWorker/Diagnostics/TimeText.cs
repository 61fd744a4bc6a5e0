using static System.FormattableString;

namespace PjsipSyncWorker.Diagnostics;

/// <summary>A duration as text for people.</summary>
internal static class TimeText
{
    /// <summary>Returns the two largest units: <c>3 d 4 h</c>, <c>2 h 5 min</c>, <c>2 min 14 s</c>, <c>7 s</c>, <c>0.4 s</c>.</summary>
    public static string Of(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => Invariant($"{(int)time.TotalDays} d {time.Hours} h"),
        { TotalHours: >= 1 } => Invariant($"{time.Hours} h {time.Minutes} min"),
        { TotalMinutes: >= 1 } => Invariant($"{time.Minutes} min {time.Seconds} s"),
        { TotalSeconds: >= 1 } => Invariant($"{time.Seconds} s"),
        _ => Invariant($"{time.TotalSeconds:0.0} s"),
    };
}
