using System.Text.RegularExpressions;

namespace PjsipSyncWorker.TestSupport;

/// <summary>A fenced block of a document.</summary>
/// <param name="File">README.md, or a file of docs/.</param>
/// <param name="Heading">The heading that it stands under.</param>
/// <param name="Language">What stands behind the fence; empty for none.</param>
internal sealed record FencedBlock(string File, string Heading, string Language, string Text)
{
    public string FirstLine => Text.Split('\n')[0];
}

/// <summary>README.md and docs/*.md of this checkout.</summary>
internal static partial class Document
{
    public static string Root => Repository.Root;

    public static IReadOnlyList<string> All { get; } =
        ["README.md", .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Select(file => $"docs/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)];

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

    [GeneratedRegex("^( *)```([a-z]*)$")]
    private static partial Regex Fence();
}
