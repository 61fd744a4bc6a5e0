using System.Globalization;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>What SIPp counted.</summary>
/// <param name="Took">From its first call to the end of its last.</param>
/// <param name="Whole">Milliseconds from the first request of a call to its final answer, of each call that succeeded.</param>
/// <param name="Answers">Milliseconds from the request with the password to its final answer; empty in a scenario that does not
/// say.</param>
internal sealed record SipResult(int Succeeded, int Failed, TimeSpan Took, IReadOnlyList<double> Whole, IReadOnlyList<double> Answers)
{
    public double PerSecond => Succeeded / Took.TotalSeconds;

    /// <summary>
    /// Reads the files of <c>-trace_stat</c> (one row each second, of which the last has the totals) and <c>-trace_rtt</c>.
    /// </summary>
    public static SipResult Parse(string statistics, string responseTimes)
    {
        var lines = statistics.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var last = lines[0].Split(';').Zip(lines[^1].Split(';')).Where(pair => pair.First.Length > 0)
            .ToDictionary(pair => pair.First, pair => pair.Second);
        var times = responseTimes.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(';')).ToLookup(
            cells => cells[2].Trim(), cells => double.Parse(cells[1], CultureInfo.InvariantCulture));
        return new SipResult(Count("SuccessfulCall(C)"), Count("FailedCall(C)"),
            Moment("CurrentTime") - Moment("StartTime"), [.. times["whole"]], [.. times["answer"]]);

        int Count(string column) => int.Parse(last[column], CultureInfo.InvariantCulture);

        // A day, a time, and the same in seconds since 1970.
        TimeSpan Moment(string column) => TimeSpan.FromSeconds(double.Parse(last[column].Split('\t')[2], CultureInfo.InvariantCulture));
    }
}
