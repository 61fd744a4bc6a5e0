using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>What Asterisk must read for a phone, by the columns of the ps_* tables.</summary>
internal sealed class ImportTarget
{
    private readonly RealtimeSchema _schema;
    private readonly string?[] _raw;
    private readonly string?[] _accepted;

    /// <summary>
    /// Compares the options of a phone with the columns. Options without a column, or with a value that it does not take, are lost.
    /// </summary>
    public ImportTarget(ImportedPhone phone, RealtimeSchema schema)
    {
        (Phone, _schema) = (phone, schema);
        _raw = new string?[schema.Columns.Count];
        _accepted = new string?[schema.Columns.Count];
        foreach (var ((table, name), value) in phone.Options)
        {
            if (schema.Find(table, name) is not { } column)
                Lost.Add($"{table.Section} option {Refusal.Shown(name)} is left out: {table.Name} has no such column");
            else if (value.Length > 0)
                Accept(column, value);
        }
        if (schema.Find(RealtimeTable.Endpoint, "disallow") is { } disallow && Raw(RealtimeTable.Endpoint, "allow") is not null)
            (_raw[disallow.Index], _accepted[disallow.Index]) = ("all", "all");
    }

    /// <summary>The phone.</summary>
    public ImportedPhone Phone { get; }

    /// <summary>What is lost of its options, in words; never a secret.</summary>
    public List<string> Lost { get; } = [];

    /// <summary>Returns the value of a column as a person writes it; null when the phone does not have the option.</summary>
    public string? Raw(RealtimeColumn column) => _raw[column.Index];

    /// <summary>Returns a column that the phone sets; null when it does not, or the table has no such column.</summary>
    public RealtimeColumn? Explicit(RealtimeTable table, string name) =>
        _schema.Find(table, name) is { } column && _raw[column.Index] is not null ? column : null;

    /// <summary>Returns whether Asterisk would do the same with a value as with the phone's own.</summary>
    /// <param name="actual">As the database gives it back; null when the column is not set.</param>
    public bool Agrees(RealtimeColumn column, string? actual)
    {
        var wanted = _accepted[column.Index];
        if (column.Table == RealtimeTable.Endpoint)
        {
            switch (column.Name)
            {
                case "callerid":
                    return CallerIdText.Parse(Decoded(wanted)) == CallerIdText.Parse(Decoded(actual));
                case "allow" or "disallow" when wanted is null:
                    return true;
                case "set_var":
                    return wanted == WithoutCallerNumber(actual);
            }
        }
        return BuiltInOptions.InForce(column, wanted) == BuiltInOptions.InForce(column, actual);
    }

    /// <summary>
    /// Returns whether the phone has everything in which a profile differs from the defaults, except what has a column of its own in the
    /// application's table.
    /// </summary>
    public bool HasAllOf(ImportedLayer profile, ImportedLayer defaults) => _schema.Columns.All(column =>
        profile.Values[column.Index] == defaults.Values[column.Index] || Agrees(column, profile.Values[column.Index])
        || column.Name is "context" or "transport" or "max_contacts"
        || column.Name == "allow" && Raw(column) is not null);

    /// <summary>
    /// Returns a row with the columns that differ from a layer, as far as the application's table has them, without settings.
    /// </summary>
    public Extension Columns(ImportedLayer layer, SourceTable table)
    {
        var extension = new Extension("", Phone.Number, Active: true, Phone.Password ?? "", Profile: layer.Profile)
        {
            Context = Differing(RealtimeTable.Endpoint, "context", otherwise: "default"),
            Transport = Differing(RealtimeTable.Endpoint, "transport"),
            MaxContacts = Differing(RealtimeTable.Aor, "max_contacts") is var most and not "0" ? most : null,
            Codecs = Differing(RealtimeTable.Endpoint, "allow", "codecs") is { } codecs
                ? ListText(codecs, table.Columns["codecs"].Type) : null,
        };
        return WithMailbox(WithNames(extension, table), table);

        string? Differing(RealtimeTable realtime, string name, string? field = null, string? otherwise = null) =>
            table.Columns.ContainsKey(field ?? name) && _schema.Find(realtime, name) is { } column
                && !Agrees(column, layer.Values[column.Index]) ? Raw(column) ?? otherwise : null;
    }

    private Extension WithNames(Extension extension, SourceTable table)
    {
        var caller = CallerIdText.Parse(Raw(RealtimeTable.Endpoint, "callerid"));
        var display = table.Columns.ContainsKey("display_name") ? Phone.DisplayName ?? caller.Name : null;
        return extension with
        {
            DisplayName = display,
            CallerIdName = caller.Name != display && table.Columns.ContainsKey("caller_id_name") ? caller.Name : null,
            CallerIdNumber = caller.Number != CallerId.Stripped(Phone.Number) && table.Columns.ContainsKey("caller_id_number")
                ? caller.Number : null,
        };
    }

    private Extension WithMailbox(Extension extension, SourceTable table)
    {
        if (Raw(RealtimeTable.Endpoint, "mailboxes") is not { } mailbox || mailbox.Contains(',', StringComparison.Ordinal)
            || !mailbox.Contains('@', StringComparison.Ordinal) || !table.Columns.ContainsKey("voicemail_mailbox"))
            return extension;
        var enabled = table.Columns.GetValueOrDefault("voicemail_enabled")?.Type switch
        {
            null => null,
            "int2" or "int4" or "int8" => "1",
            _ => "true",
        };
        return extension with { VoicemailMailbox = mailbox, VoicemailEnabled = enabled };
    }

    /// <summary>Writes a list of codecs as the column's type wants it.</summary>
    private static string ListText(string codecs, string type) =>
        type.StartsWith('_') ? $"{{{codecs}}}"
        : type is "json" or "jsonb" ? $"[{string.Join(',', codecs.Split(',').Select(codec => $"\"{codec}\""))}]"
        : codecs;

    private void Accept(RealtimeColumn column, string value)
    {
        // Asterisk takes words in any case, and y and t for yes.
        var lower = value.ToLowerInvariant();
        foreach (var spelling in new[] { value, lower, lower switch { "y" or "t" => "yes", "n" or "f" => "no", _ => lower } })
        {
            if (!column.TryAccept(spelling, out var accepted, out _))
                continue;
            (_raw[column.Index], _accepted[column.Index]) = (column.Kind == ColumnKind.Label ? accepted : spelling, accepted);
            return;
        }
        column.TryAccept(value, out _, out var problem);
        Lost.Add($"{column.Table.Section} option {column.Name} is left out: it {problem}");
    }

    private string? Raw(RealtimeTable table, string name) => _schema.Find(table, name) is { } column ? Raw(column) : null;

    private static string? Decoded(string? stored) => stored is null ? null : RealtimeEncoding.Decode(stored);

    /// <summary>Returns the variables without the one that the worker adds for a number that <c>callerid</c> cannot carry.</summary>
    private static string? WithoutCallerNumber(string? variables) =>
        variables?.StartsWith("CALLERID(num)=", StringComparison.Ordinal) is not true ? variables
        : variables.IndexOf(';', StringComparison.Ordinal) is var end and >= 0 ? variables[(end + 1)..] : null;
}
