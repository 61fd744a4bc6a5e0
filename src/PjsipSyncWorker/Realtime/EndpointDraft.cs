using System.Globalization;
using PjsipSyncWorker.Extensions;

namespace PjsipSyncWorker.Realtime;

/// <summary>The three rows of one extension while they are being mapped. One draft is reused for all extensions; not thread-safe.</summary>
internal sealed class EndpointDraft(RealtimeSchema schema)
{
    /// <summary>Values by column index, as the database will give them back; null when the column is not set.</summary>
    private readonly string?[] _values = new string?[schema.Columns.Count];

    /// <summary>The columns that the tables have.</summary>
    public RealtimeSchema Schema => schema;

    /// <summary>Starts a new draft.</summary>
    /// <param name="values">The values of the extension's profile by column index. They are copied.</param>
    public void Begin(string?[] values) => values.CopyTo(_values, 0);

    /// <summary>Sets a column to a value as a person writes it. Does nothing when the table has no such column.</summary>
    /// <param name="from">Where the value comes from, for the problem: a column of the application or a key of the settings.</param>
    /// <returns>False when the column does not take the value.</returns>
    public bool Set(RealtimeTable table, string column, string value, string from, out string problem)
    {
        if (schema.Find(table, column) is { } known)
            return Set(known, value, from, out problem);
        problem = "";
        return true;
    }

    /// <inheritdoc cref="Set(RealtimeTable, string, string, string, out string)"/>
    public bool Set(RealtimeColumn column, string value, string from, out string problem)
    {
        if (column.TryAccept(value, out var accepted, out problem))
        {
            _values[column.Index] = accepted;
            return true;
        }
        problem = $"{from} {problem}";
        return false;
    }

    /// <summary>Sets a column to a value that is already as the database will give it back.</summary>
    public void SetEncoded(RealtimeColumn column, string value) => _values[column.Index] = value;

    /// <summary>Takes a column's value out, so that it is not written.</summary>
    public void Clear(RealtimeColumn column) => _values[column.Index] = null;

    /// <summary>Returns a column's value; null when it is not set, is empty, or the table has no such column.</summary>
    public string? Value(RealtimeTable table, string column) =>
        schema.Find(table, column) is { } known && _values[known.Index] is { Length: > 0 } value ? value : null;

    /// <summary>Returns whether a column of ps_endpoints is yes.</summary>
    public bool IsYes(string column) => Value(RealtimeTable.Endpoint, column) is "yes" or "true" or "on" or "1";

    /// <summary>Returns a column's value as a number.</summary>
    /// <param name="otherwise">What to return when the column is not set or not a number.</param>
    public int Number(RealtimeTable table, string column, int otherwise) =>
        int.TryParse(Value(table, column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;

    /// <summary>Returns the result.</summary>
    public DesiredEndpoint ToDesired(Extension extension)
    {
        var columns = new ColumnSet();
        for (var i = 0; i < _values.Length; i++)
            if (_values[i] is not null)
                columns = columns.With(i);
        var values = new string[columns.Count];
        var next = 0;
        foreach (var index in columns)
            values[next++] = _values[index]!;
        return new DesiredEndpoint(extension.Number, extension.RowKey, columns, values) { Mailbox = MailboxOf(extension) };
    }

    /// <summary>Returns the first mailbox that the endpoint lists. The others are only watched.</summary>
    private Mailbox? MailboxOf(Extension extension) => Value(RealtimeTable.Endpoint, "mailboxes")?.Split(',', 2)[0] is { } name
        ? new Mailbox(name, IsNamed: name != extension.Mailbox)
        : null;
}
