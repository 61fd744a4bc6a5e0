namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>Limits that keep the sources readable in a diff; see CONTRIBUTING.md.</summary>
public sealed class StyleTests
{
    private const int MaxLineLength = 140;
    private const int MaxFileLines = 250;

    /// <summary>The folders whose files are held to both limits.</summary>
    private static readonly (string Folder, string Pattern)[] Sources =
        [("src", "*.cs"), ("sql", "*.sql"), ("tests", "*.cs"), ("bench", "*.cs")];

    [Fact]
    public void No_source_line_is_longer_than_140_characters() =>
        Assert.Empty(
            from file in Files()
            from line in File.ReadLines(Path.Combine(Document.Root, file)).Index()
            where line.Item.Length > MaxLineLength
            select $"{file}:{line.Index + 1} has {line.Item.Length} characters");

    [Fact]
    public void No_source_file_has_more_than_250_lines() =>
        Assert.Empty(
            from file in Files()
            let lines = File.ReadLines(Path.Combine(Document.Root, file)).Count()
            where lines > MaxFileLines
            select $"{file} has {lines} lines");

    private static IEnumerable<string> Files() =>
        from source in Sources
        from file in Directory.EnumerateFiles(Path.Combine(Document.Root, source.Folder), source.Pattern, SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Document.Root, file)
        where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
        select path;
}
