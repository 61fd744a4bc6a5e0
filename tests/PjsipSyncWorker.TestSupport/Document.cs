using System.Text.RegularExpressions;

namespace PjsipSyncWorker.TestSupport;

/// <summary>A fenced block of a document.</summary>
/// <param name="File">README.md, or a file of docs/.</param>
/// <param name="Heading">The heading that it stands under.</param>
/// <param name="Language">What stands behind the fence; empty for none.</param>
internal sealed partial record FencedBlock(string File, string Heading, string Language, string Text)
{
    public string FirstLine => Text.Split('\n')[0];

    /// <summary>The path that the comment in the first line names, where the block is a file to copy; null for other blocks.</summary>
    public string? CopiedTo => PathComment().Match(FirstLine) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex(@"^(?:<\?php |<!-- )?(?://|#|--)? ?([\w.-]+(?:/[\w.-]+)*\.\w+)(?: -->)?$")]
    private static partial Regex PathComment();
}

/// <summary>A link of a document to another place of this checkout.</summary>
/// <param name="File">The document that the link stands in, relative to the root of the checkout.</param>
/// <param name="Target">The path that the link leads to, relative to the root of the checkout.</param>
/// <param name="Anchor">The anchor of a heading; empty when the link leads to the whole document.</param>
internal sealed record DocumentLink(string File, string Target, string Anchor);

/// <summary>README.md, CONTRIBUTING.md and docs/**/*.md of this checkout. Thread-safe.</summary>
internal static partial class Document
{
    public static string Root => Repository.Root;

    /// <summary>Every document, as a path relative to <see cref="Root"/> with forward slashes; README.md is the first.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "README.md",
        .. new[] { "CONTRIBUTING.md" }.Where(file => File.Exists(Path.Combine(Root, file))),
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static IEnumerable<FencedBlock> Blocks(string file)
    {
        var (heading, language, indent) = ("", (string?)null, 0);
        var lines = new List<string>();
        foreach (var line in Read(file).Split('\n'))
        {
            var fence = Fence().Match(line);
            if (language is not null && fence.Success)
            {
                yield return new FencedBlock(file, heading, language, string.Join('\n', lines));
                language = null;
            }
            else if (language is not null)
                lines.Add(line.Length >= indent ? line[indent..] : line);
            else if (fence.Success)
            {
                (language, indent) = (fence.Groups[2].Value, fence.Groups[1].Length);
                lines.Clear();
            }
            else if (line.StartsWith('#'))
                heading = line.TrimStart('#', ' ');
        }
        if (language is not null)
            throw new InvalidDataException($"{file}: a fence under \"{heading}\" is not closed");
    }

    /// <summary>
    /// Returns the links of a document that lead to this checkout, in the order of the text; links to the web are left out.
    /// </summary>
    public static IEnumerable<DocumentLink> Links(string file) => LinkTarget().Matches(WithoutCode(file))
        .Select(match => match.Groups[1].Value).Where(target => !target.Contains("://", StringComparison.Ordinal))
        .Select(target => target.Split('#'))
        .Select(parts => new DocumentLink(file, parts[0].Length == 0 ? file : Resolve(file, parts[0]), parts.ElementAtOrDefault(1) ?? ""));

    /// <summary>Returns the anchors of a document's headings, as GitHub makes them.</summary>
    public static IReadOnlySet<string> Anchors(string file) => WithoutBlocks(file).Split('\n').Where(line => line.StartsWith('#'))
        .Select(line => NotInAnchor().Replace(line.TrimStart('#', ' ').ToLowerInvariant(), "").Replace(' ', '-'))
            .ToHashSet(StringComparer.Ordinal);

    private static string WithoutBlocks(string file) => WholeBlock().Replace(Read(file), "");

    /// <summary>Code in a line may look like a link: <c>[internal](+)</c>.</summary>
    private static string WithoutCode(string file) => InlineCode().Replace(WithoutBlocks(file), "code");

    private static string Resolve(string file, string target) =>
        Path.GetRelativePath(Root, Path.GetFullPath(Path.Combine(Root, Path.GetDirectoryName(file)!, target))).Replace('\\', '/');

    [GeneratedRegex("^( *)```([a-z]*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^ *```.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex WholeBlock();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex LinkTarget();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
