namespace PjsipSyncWorker.Postgres;

/// <summary>Quotes names and texts for SQL. No other place makes SQL from them.</summary>
internal static class Identifier
{
    /// <summary>Returns a name as a quoted identifier.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>
    /// Returns a text as a literal. One with a backslash becomes <c>E''</c>, which means the same whatever
    /// <c>standard_conforming_strings</c> is, with a blank before it, so that it does not run into a preceding word.
    /// </summary>
    public static string Literal(string text) => text.Contains('\\', StringComparison.Ordinal)
        ? $" E'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'"
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
