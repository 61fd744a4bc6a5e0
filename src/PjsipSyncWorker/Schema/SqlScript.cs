using System.Text;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Schema;

/// <summary>
/// Reads the files of <c>sql/</c> and fills in variables as psql does: outside of quotes, dollar quotes and comments <c>:'name'</c> becomes
/// a literal and <c>:"name"</c> an identifier.
/// </summary>
internal static class SqlScript
{
    /// <summary>Returns a file of <c>sql/</c> that is built into the binary.</summary>
    /// <exception cref="FileNotFoundException">This build has no such file.</exception>
    public static string Load(string file)
    {
        using var stream = typeof(SqlScript).Assembly.GetManifestResourceStream($"sql/{file}")
            ?? throw new FileNotFoundException($"sql/{file} is not part of this build");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Returns the names of the files built in under a folder of <c>sql/</c>, in ordinal order.</summary>
    public static IEnumerable<string> Files(string folder) =>
        typeof(SqlScript).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith($"sql/{folder}", StringComparison.Ordinal))
            .Select(name => name["sql/".Length..])
            .Order(StringComparer.Ordinal);

    /// <summary>Returns the script with its variables filled in.</summary>
    /// <exception cref="KeyNotFoundException">The script names a variable that is not given.</exception>
    public static string Fill(string script, IReadOnlyDictionary<string, string> variables)
    {
        var filled = new StringBuilder(script.Length);
        for (var i = 0; i < script.Length;)
        {
            var end = SkipQuoted(script, i);
            if (end > i)
            {
                filled.Append(script, i, end - i);
                i = end;
            }
            else if (script[i] == ':' && i + 1 < script.Length && script[i + 1] is '\'' or '"'
                && script.IndexOf(script[i + 1], i + 2) is var close and > 0)
            {
                var value = variables[script[(i + 2)..close]];
                filled.Append(script[i + 1] == '"' ? Identifier.Quote(value) : Identifier.Literal(value));
                i = close + 1;
            }
            else
                filled.Append(script[i++]);
        }
        return filled.ToString();
    }

    /// <summary>Returns the end of the quoted text or comment that starts here, or <paramref name="start"/> when none does.</summary>
    private static int SkipQuoted(string script, int start)
    {
        var rest = script.AsSpan(start);
        if (rest[0] is '\'' or '"' && (start == 0 || script[start - 1] != ':'))
            return End(script, start + 1, rest[0].ToString());
        if (rest.StartsWith("--", StringComparison.Ordinal))
            return End(script, start, "\n");
        if (rest.StartsWith("/*", StringComparison.Ordinal))
            return End(script, start, "*/");
        if (rest[0] == '$')
        {
            var tagEnd = 1;
            while (tagEnd < rest.Length && (char.IsAsciiLetterOrDigit(rest[tagEnd]) || rest[tagEnd] == '_'))
                tagEnd++;
            if (tagEnd < rest.Length && rest[tagEnd] == '$')
                return End(script, start + tagEnd + 1, rest[..(tagEnd + 1)].ToString());
        }
        return start;

        static int End(string script, int from, string mark) =>
            script.IndexOf(mark, from, StringComparison.Ordinal) is var end and >= 0 ? end + mark.Length : script.Length;
    }
}
