using System.Text;

namespace PjsipSyncWorker.Import;

/// <summary>Reads comma-separated values with quotes (RFC 4180). A field may hold line breaks.</summary>
internal static class CsvText
{
    /// <summary>Returns the rows by the names of the first line. Missing fields are empty; further ones are ignored.</summary>
    /// <exception cref="ImportException">A quoted field does not end.</exception>
    public static IEnumerable<Dictionary<string, string>> Read(string text)
    {
        List<string>? names = null;
        foreach (var fields in Lines(text))
        {
            if (fields is [""])
                continue;
            if (names is null)
            {
                names = [.. fields.Select(name => name.Trim())];
                continue;
            }
            var row = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (var i = 0; i < names.Count; i++)
                row[names[i]] = i < fields.Count ? fields[i] : "";
            yield return row;
        }
    }

    private static IEnumerable<List<string>> Lines(string text)
    {
        var (line, field, isQuoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (isQuoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[i++]);
            else if (c == '"' && (isQuoted || field.Length == 0))
                isQuoted = !isQuoted;
            else if (isQuoted || c is not (',' or '\n' or '\r'))
                field.Append(c);
            else if (c != '\r')
            {
                line.Add(field.ToString());
                field.Clear();
                if (c == ',')
                    continue;
                yield return line;
                line = [];
            }
        }
        if (isQuoted)
            throw new ImportException("A quoted field of the CSV file does not end: the file is not complete");
        if (field.Length == 0 && line.Count == 0)
            yield break;
        line.Add(field.ToString());
        yield return line;
    }
}
