using System.Globalization;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

/// <summary>Reads [to-carrier] of a rendered extensions.conf as Asterisk does: the most exact pattern wins.</summary>
internal sealed partial class Dialled
{
    private readonly List<(string Pattern, string Target)> _lines;

    public Dialled(params (string Key, string Value)[] settings) => _lines =
    [
        .. Rendering.Read("extensions.conf", settings).Find("to-carrier")!.Values("exten").Select(line => Line().Match(line))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value)),
    ];

    /// <returns>The number that the carrier gets; null when the number is not dialled to the outside.</returns>
    public string? Result(string number) => _lines.Where(line => Matches(line.Pattern, number))
        .OrderBy(line => line.Pattern, Comparer<string>.Create(MoreExact)).Select(line => Evaluate(line.Target, number)).FirstOrDefault();

    private static bool Matches(string pattern, string number) => Regex.IsMatch(number, $"^{Regex.Escape(pattern)
        .Replace("X", "[0-9]", StringComparison.Ordinal).Replace("Z", "[1-9]", StringComparison.Ordinal)
        .Replace("N", "[2-9]", StringComparison.Ordinal).Replace("\\.", ".+", StringComparison.Ordinal)}$");

    /// <summary>At the first place that differs, the place with fewer possible digits wins.</summary>
    private static int MoreExact(string one, string other) => one.Zip(other)
        .Select(pair => Choices(pair.First).CompareTo(Choices(pair.Second))).FirstOrDefault(difference => difference != 0);

    private static int Choices(char place) => place switch { 'X' => 10, 'Z' => 9, 'N' => 8, '.' => 100, _ => 1 };

    private static string Evaluate(string target, string number) => Rest().Replace(target,
        match => match.Groups[1].Success ? number[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)..] : number);

    [GeneratedRegex(@"^_(.+),1,Goto\(at-carrier,(.*),1\)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"\$\{EXTEN(?::([0-9]+))?\}")]
    private static partial Regex Rest();
}
