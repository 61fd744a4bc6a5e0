
namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A block of commands of a document.</summary>
internal sealed record DocumentStep(string File, string Text)
{
    /// <summary>The document and the first line, at most 100 characters.</summary>
    public override string ToString()
    {
        var name = $"{File}: {Text.Split('\n')[0]}";
        return name.Length <= 100 ? name : $"{name[..99]}…";
    }
}

/// <summary>
/// The commands of the documents: what stands between <c>```sh</c> and <c>```</c>, in its order. Documents and sections are found by
/// their names, wherever they are.
/// </summary>
internal static class DocumentSteps
{
    /// <param name="heading">The heading of a section in one of the documents.</param>
    public static IReadOnlyList<DocumentStep> OfSection(string heading) =>
        NotEmpty(heading, Document.All.SelectMany(Document.Blocks).Where(block => block.Heading == heading));

    /// <param name="name">The name of a document, without its folder.</param>
    public static IReadOnlyList<DocumentStep> OfDocument(string name) =>
        NotEmpty(name, Document.Blocks(Document.All.Single(file => Path.GetFileName(file) == name)));

    /// <summary>Returns the steps before the first one that contains the text.</summary>
    /// <exception cref="InvalidDataException">No step contains it.</exception>
    public static IReadOnlyList<DocumentStep> Before(this IReadOnlyList<DocumentStep> steps, string text) =>
        [.. steps.Take(steps.Find(text))];

    /// <summary>Returns the steps from the first one that contains the text.</summary>
    /// <exception cref="InvalidDataException">No step contains it.</exception>
    public static IReadOnlyList<DocumentStep> From(this IReadOnlyList<DocumentStep> steps, string text) =>
        [.. steps.Skip(steps.Find(text))];

    private static int Find(this IReadOnlyList<DocumentStep> steps, string text)
    {
        for (var index = 0; index < steps.Count; index++)
        {
            if (steps[index].Text.Contains(text, StringComparison.Ordinal))
                return index;
        }
        throw new InvalidDataException($"No block of commands of {steps[0].File} has: {text}");
    }

    private static List<DocumentStep> NotEmpty(string place, IEnumerable<FencedBlock> blocks)
    {
        var steps = blocks.Where(block => block.Language == "sh").Select(block => new DocumentStep(block.File, block.Text)).ToList();
        return steps.Count > 0 ? steps : throw new InvalidDataException($"No document has a block of commands in: {place}");
    }
}
