using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>The folders of src/PjsipSyncWorker use each other only as the table "Layers" of docs/architecture.md allows.</summary>
public sealed partial class LayeringTests
{
    private const string Sources = "src/PjsipSyncWorker";

    /// <summary>The rows of the table: folder, level (0 is the lowest), and the folders that it may use.</summary>
    private static readonly Dictionary<string, (int Level, string[] MayUse)> Layers = TableRow()
        .Matches(Document.Read("docs/architecture.md"))
        .ToDictionary(
            row => row.Groups["folder"].Value,
            row =>
                (int.Parse(row.Groups["level"].Value), FolderName().Matches(row.Groups["uses"].Value).Select(name => name.Groups[1].Value)
                    .ToArray()));

    [Fact]
    public void Every_folder_has_a_row_in_the_table() =>
        Assert.Equal(
            Files().Select(FolderOf).Where(folder => folder.Length > 0).Distinct().Order(StringComparer.Ordinal),
            Layers.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_allowed_arrow_points_to_a_lower_layer() =>
        Assert.Empty(
            from layer in Layers
            from used in layer.Value.MayUse
            where Layers[used].Level >= layer.Value.Level
            select $"{layer.Key} -> {used}");

    [Fact]
    public void Every_file_uses_only_the_folders_that_its_own_may_use() =>
        Assert.Empty(
            from file in Files()
            where FolderOf(file).Length > 0
            from used in FoldersUsedBy(file)
            where !Layers[FolderOf(file)].MayUse.Contains(used)
            select $"{file} uses {used}, which docs/architecture.md (Layers) does not allow");

    [Fact]
    public void Every_allowed_arrow_is_used()
    {
        var used = Files().SelectMany(file => FoldersUsedBy(file).Select(folder => (FolderOf(file), folder))).ToHashSet();
        Assert.Empty(
            from layer in Layers
            from folder in layer.Value.MayUse
            where !used.Contains((layer.Key, folder))
            select $"{layer.Key} -> {folder}");
    }

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Path.Combine(Document.Root, Sources), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Document.Root, file))
            .Where(file => !file.StartsWith($"{Sources}/obj/", StringComparison.Ordinal)
                && !file.StartsWith($"{Sources}/bin/", StringComparison.Ordinal));

    /// <returns>The topmost folder under <see cref="Sources"/>; empty for Program.cs.</returns>
    private static string FolderOf(string file) =>
        file[(Sources.Length + 1)..] is var inside && inside.Contains('/') ? inside[..inside.IndexOf('/')] : "";

    /// <summary>
    /// The other folders that a file names: in a using directive, or in a qualified name such as <c>Postgres.DataSource</c>.
    /// </summary>
    private static IEnumerable<string> FoldersUsedBy(string file)
    {
        var text = Document.Read(file);
        return Using().Matches(text).Select(match => match.Groups[1].Value)
            .Concat(Layers.Keys.Where(folder => Regex.IsMatch(text, $@"^(?!\s*///?).*[(<,=:\s]{folder}\.[A-Z]\w+[.(]",
                RegexOptions.Multiline) && !OwnsMember(text, folder)))
            .Where(folder => folder != FolderOf(file))
            .Distinct();
    }

    /// <summary>Whether the file has a member or parameter of that name, which then is what stands before the dot.</summary>
    private static bool OwnsMember(string text, string folder) => Regex.IsMatch(text, $@"\b\w+[\]>?]*\s+{folder}\b\s*[;,){{=]");

    [GeneratedRegex(@"^\| (?<level>\d) \| `(?<folder>\w+)/` \|[^|]*\| (?<uses>[^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?PjsipSyncWorker\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Using();
}
