namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>
/// The end of a document, or a part of it, that is generated from the code. <c>PJSIP_SYNC_WRITE_DOCS</c>, not empty, writes it anew.
/// </summary>
internal static class GeneratedPart
{
    /// <summary>Fails when what follows the line <paramref name="begin"/> of a document is not <paramref name="wanted"/>.</summary>
    /// <param name="file">The document, relative to the root of the checkout.</param>
    /// <param name="begin">The line, with its line end, after which the generated part begins.</param>
    /// <param name="wanted">The generated part.</param>
    public static void Check(string file, string begin, string wanted)
    {
        var text = Document.Read(file);
        var written = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var whole = $"{text[..written]}\n{wanted}";
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(Path.Combine(Document.Root, file), whole);

        Assert.True(written > begin.Length, $"{file} has lost the line {begin}");
        Assert.True(whole == Document.Read(file), $"{file} is not what the code says: run scripts/docs.sh");
    }

    /// <summary>Fails when what stands between two lines of a document is not <paramref name="wanted"/>.</summary>
    public static void CheckBetween(string file, string begin, string end, string wanted)
    {
        var text = Document.Read(file);
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal), text.IndexOf(end, StringComparison.Ordinal));
        Assert.True(from >= 0 && to > from, $"{file} has lost the line {begin} or {end}");
        var whole = $"{text[..(from + begin.Length)]}{wanted}{text[to..]}";
        if (Environment.GetEnvironmentVariable("PJSIP_SYNC_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(Path.Combine(Document.Root, file), whole);

        Assert.True(whole == Document.Read(file), $"{file} is not what the code says: run scripts/docs.sh");
    }
}
