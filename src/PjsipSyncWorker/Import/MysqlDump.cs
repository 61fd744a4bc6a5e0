using System.Text;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Reads the rows of some tables out of what <c>mysqldump</c> writes: <c>CREATE TABLE</c> for the names of the columns, and
/// <c>INSERT INTO … VALUES (…), (…)</c>. Other statements are skipped. The text is read once, from its beginning to its end.
/// </summary>
internal sealed class MysqlDump
{
    private readonly string _text;
    private readonly Dictionary<string, List<string>> _columns;
    private readonly Dictionary<string, List<Dictionary<string, string?>>> _rows = new(StringComparer.OrdinalIgnoreCase);
    private int _at;

    private MysqlDump(string text, Dictionary<string, List<string>> columns) => (_text, _columns) = (text, columns);

    /// <summary>Returns whether a text is a dump of a database.</summary>
    public static bool Recognizes(string text) =>
        text.AsSpan(0, Math.Min(text.Length, 4096)).Contains("MySQL dump", StringComparison.OrdinalIgnoreCase)
        || text.AsSpan(0, Math.Min(text.Length, 4096)).Contains("MariaDB dump", StringComparison.OrdinalIgnoreCase)
        || text.Contains("INSERT INTO `", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Returns the rows of the tables that are wanted, by table; each row by its columns. A table without rows is missing.
    /// </summary>
    /// <param name="wanted">The tables, each with the columns that it has when the dump does not say so.</param>
    /// <exception cref="ImportException">
    /// The text ends within a statement, or a row has another number of values than its table.
    /// </exception>
    public static Dictionary<string, List<Dictionary<string, string?>>> Read(string text, Dictionary<string, List<string>> wanted)
    {
        var dump = new MysqlDump(text, new Dictionary<string, List<string>>(wanted, StringComparer.OrdinalIgnoreCase));
        while (dump.Next() is { Length: > 0 } token)
        {
            if (Is(token, "CREATE"))
                dump.ReadCreate();
            else if (Is(token, "INSERT") || Is(token, "REPLACE"))
                dump.ReadInsert();
            else if (token != ";")
                dump.SkipStatement();
        }
        return dump._rows;
    }

    private void ReadCreate()
    {
        // CREATE TABLE [IF NOT EXISTS] `name` ( `column` type …, KEY … )
        if (!Is(Next(), "TABLE"))
        {
            SkipStatement();
            return;
        }
        var name = Next();
        while (Is(name, "IF") || Is(name, "NOT") || Is(name, "EXISTS"))
            name = Next();
        if (!_columns.ContainsKey(Name(name)) || Next() != "(")
        {
            SkipStatement();
            return;
        }
        var columns = new List<string>();
        var (depth, isFirst) = (1, true);
        for (var token = Next(); token.Length > 0 && depth > 0; token = Next())
        {
            if (depth == 1 && isFirst && token.StartsWith('`'))
                columns.Add(Name(token));
            depth += token switch { "(" => 1, ")" => -1, _ => 0 };
            isFirst = depth == 1 && token == ",";
            if (depth == 0)
                break;
        }
        _columns[Name(name)] = columns;
        SkipStatement();
    }

    private void ReadInsert()
    {
        var token = Next();
        while (Is(token, "INTO") || Is(token, "IGNORE") || Is(token, "DELAYED") || Is(token, "LOW_PRIORITY"))
            token = Next();
        var table = Name(token);
        if (!_columns.TryGetValue(table, out var columns))
        {
            SkipStatement();
            return;
        }
        token = Next();
        if (token == "(")
        {
            columns = [];
            for (token = Next(); token is not (")" or ""); token = Next())
            {
                if (token != ",")
                    columns.Add(Name(token));
            }
            token = Next();
        }
        if (!Is(token, "VALUES") && !Is(token, "VALUE"))
        {
            SkipStatement();
            return;
        }
        for (token = Next(); token is "(" or ","; token = Next())
        {
            if (token == "(")
                AddRow(table, columns);
        }
    }

    private void AddRow(string table, List<string> columns)
    {
        var values = new List<string?>();
        for (var token = Next(); token != ")"; token = Next())
        {
            if (token.Length == 0)
                throw new ImportException($"The dump ends within a row of the table {table}: it is not complete");
            if (token != "," && !token.StartsWith('_'))
                values.Add(token[0] == '\'' ? token[1..] : Is(token, "NULL") ? null : token);
        }
        if (values.Count != columns.Count)
        {
            throw new ImportException($"A row of the table {table} has {values.Count} values, and the table has {columns.Count} columns: "
                + "this is no dump of FreePBX");
        }
        if (!_rows.TryGetValue(table, out var rows))
            _rows[table] = rows = [];
        rows.Add(columns.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.OrdinalIgnoreCase));
    }

    private void SkipStatement()
    {
        for (var token = Next(); token is not (";" or ""); token = Next())
        {
        }
    }

    /// <summary>
    /// Returns the next token, without comments: a word, a sign, a name with its first backquote, or a text without its quotes behind one
    /// quote. Empty at the end.
    /// </summary>
    private string Next()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (char.IsWhiteSpace(c))
                _at++;
            else if (c == '#' || c == '-' && Peek(1) == '-' && (Peek(2) is ' ' or '\n' or '\r' or '\t' or '\0'))
                SkipTo("\n");
            else if (c == '/' && Peek(1) == '*')
                SkipTo("*/");
            else
                break;
        }
        if (_at >= _text.Length)
            return "";
        return _text[_at] switch
        {
            '\'' or '"' => $"'{Quoted(_text[_at])}",
            '`' => $"`{Quoted('`')}",
            var sign when !IsWord(sign) => _text[_at++].ToString(),
            _ => Word(),
        };
    }

    private string Word()
    {
        var start = _at;
        while (_at < _text.Length && IsWord(_text[_at]))
            _at++;
        return _text[start.._at];
    }

    private string Quoted(char quote)
    {
        var text = new StringBuilder();
        for (_at++; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '\\' && quote != '`' && _at + 1 < _text.Length)
                text.Append(Escaped(_text[++_at]));
            else if (c != quote)
                text.Append(c);
            else if (Peek(1) == quote)
                text.Append(_text[_at++]);
            else
            {
                _at++;
                return text.ToString();
            }
        }
        throw new ImportException("The dump ends within a text: it is not complete");
    }

    private static char Escaped(char c) =>
        c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', '0' => '\0', 'Z' => '\x1A', 'b' => '\b', _ => c };

    private void SkipTo(string end)
    {
        var found = _text.IndexOf(end, _at, StringComparison.Ordinal);
        _at = found < 0 ? _text.Length : found + end.Length;
    }

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '$' or '.' or '-' or '+' or '@' or ':';

    private static bool Is(string token, string word) => token.Equals(word, StringComparison.OrdinalIgnoreCase);

    private static string Name(string token) => token.StartsWith('`') ? token[1..] : token;
}
