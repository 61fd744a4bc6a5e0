using System.Globalization;
using System.Text.Json;

namespace PjsipSyncWorker.Bench;

/// <summary>One measured figure, beside its baseline of the same run.</summary>
/// <param name="Baseline">Null where the goal is an absolute one.</param>
/// <param name="Goal">What the figure, or its ratio to the baseline, should stay below.</param>
internal sealed record Figure(string Scenario, string Unit, double Ours, double? Baseline,
    string? BaselineIs, double? Goal, bool AtLeast = false)
{
    public double? Ratio => Baseline is { } baseline ? Ours / baseline : null;

    public bool? Met => Goal is not { } goal ? null : AtLeast ? (Ratio ?? Ours) >= goal : (Ratio ?? Ours) <= goal;
}

/// <summary>The table at the end, and the same as JSON.</summary>
internal sealed class Report
{
    private readonly List<Figure> _figures = [];

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        Console.Error.WriteLine(Line(figure));
    }

    public void Print()
    {
        Console.WriteLine("| scenario | ours | baseline | ratio | goal | met |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        foreach (var figure in _figures)
            Console.WriteLine(Line(figure));
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_JSON") is { Length: > 0 } file)
            File.WriteAllText(file, JsonSerializer.Serialize(_figures, JsonOptions));
    }

    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true };

    private static string Line(Figure figure) => string.Create(CultureInfo.InvariantCulture,
        $"| {figure.Scenario} | {Number(figure.Ours)} {figure.Unit} "
        + $"| {(figure.Baseline is { } baseline ? $"{Number(baseline)} {figure.Unit} ({figure.BaselineIs})" : "")} "
        + $"| {(figure.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "")} "
        + $"| {(figure.Goal is { } goal ? $"{(figure.AtLeast ? "≥" : "≤")} {Number(goal)}" : "")} "
        + $"| {figure.Met switch { true => "yes", false => "NO", null => "" }} |");

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,0" : "0.##", CultureInfo.InvariantCulture);
}

internal static class Sample
{
    /// <summary>How often each figure is taken; its median counts.</summary>
    public static int Runs { get; } =
        int.Parse(Environment.GetEnvironmentVariable("PJSIP_SYNC_BENCH_RUNS") ?? "5", CultureInfo.InvariantCulture);

    public static double Median(this IEnumerable<double> values) => values.Percentile(50);

    public static double Percentile(this IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * percent / 100))];
    }
}
