using System.Text.RegularExpressions;
using PjsipSyncWorker.IntegrationTests.Reliability;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>docs/operate/reliability.md promises nothing without a test, and no test of a fault is missing there.</summary>
public sealed partial class ReliabilityTests
{
    private static readonly Type[] Proofs = [typeof(FaultTests), typeof(AsteriskFaultTests), typeof(FailoverTests), typeof(PeerTests),
        typeof(BoundsTests), typeof(StopTests), typeof(ReplicationTests), typeof(SoakTests)];

    [Fact]
    public async Task Every_row_of_the_document_names_a_test_that_exists()
    {
        var tests = await KnownTestsAsync();

        Assert.All(await RowsAsync(), row =>
        {
            var names = TestName().Matches(row[^1]).Select(match => match.Groups[1].Value).ToList();
            Assert.True(names.Count > 0, $"no test: {row[0]}");
            Assert.All(names, name => Assert.Contains(name, tests));
        });
    }

    [Fact]
    public async Task Every_fault_and_every_test_of_one_is_in_the_document()
    {
        var rows = await RowsAsync();
        var named = rows.SelectMany(row => TestName().Matches(row[^1])).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.Empty(Faults.OfTheDatabase.Keys.Concat(Faults.OfAsterisk.Keys).Except(rows.Select(row => row[0])));
        Assert.Empty(Proofs
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttributes(typeof(FactAttribute),
                inherit: true).Length > 0).Select(method => $"{type.Name}.{method.Name}"))
            .Except(named));
    }

    /// <summary>The cells of each row of each table that has a column of tests.</summary>
    private static async Task<List<string[]>> RowsAsync()
    {
        var rows = (await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "operate", "reliability.md")))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal)
                && !line.EndsWith("| test |", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split(" | ", StringSplitOptions.TrimEntries)).ToList();
        Assert.NotEmpty(rows);
        return rows;
    }

    /// <summary>Class and method of the tests of all projects.</summary>
    internal static async Task<HashSet<string>> KnownTestsAsync()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories))
            foreach (var method in TestMethod().Matches(await File.ReadAllTextAsync(file)).Select(match => match.Groups[1].Value))
                known.Add($"{Path.GetFileNameWithoutExtension(file)}.{method}");
        return known;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^    public (?:async Task|Task|void) ([A-Z]\w*)\(", RegexOptions.Multiline)]
    private static partial Regex TestMethod();
}
