using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Makes rows for phones, so that the worker makes of each row what Asterisk makes of the phone's own configuration. A row has only what
/// differs from the layers below it (<c>Realtime:Defaults</c>, a profile). Not thread-safe, because the mapper is not.
/// </summary>
internal sealed class RowBuilder
{
    /// <summary>Columns that the worker writes from the number and the password alone.</summary>
    private static readonly (RealtimeTable, string)[] Owned =
    [
        (RealtimeTable.Endpoint, "aors"), (RealtimeTable.Endpoint, "auth"), (RealtimeTable.Auth, "username"),
        (RealtimeTable.Auth, "password"), (RealtimeTable.Auth, "auth_type"),
    ];

    private readonly Mapper _mapper;
    private readonly RealtimeSchema _schema;
    private readonly SourceTable _table;
    private readonly ImportedLayer _defaults;
    private readonly List<ImportedLayer> _profiles;

    /// <param name="profiles">The names of all profiles of the configuration.</param>
    public RowBuilder(Mapper mapper, RealtimeSchema schema, SourceTable table, IEnumerable<string> profiles)
    {
        (_mapper, _schema, _table) = (mapper, schema, table);
        _defaults = new ImportedLayer(null, ValuesOf(new Extension("", "1", Active: true, Password: "x")));
        _profiles = !table.Columns.ContainsKey("profile") ? [] :
        [
            .. profiles.Order(StringComparer.Ordinal).Select(name =>
                new ImportedLayer(name, ValuesOf(new Extension("", "1", Active: true, Password: "x", Profile: name)))),
        ];
    }

    /// <summary>Makes the row of a phone. What does not come over is added to the phone's remarks.</summary>
    /// <param name="problem">Why the worker would refuse the row; never the value of a secret.</param>
    public bool TryBuild(ImportedPhone phone, out ImportedRow row, out string problem)
    {
        var target = new ImportTarget(phone, _schema);
        var best = Build(target, _defaults, out problem);
        row = best!;
        if (best is null)
            return false;
        foreach (var profile in _profiles.Where(profile => target.HasAllOf(profile, _defaults)))
        {
            if (Build(target, profile, out _) is { } other && other.Size < row.Size)
                row = other;
        }
        AddDifferences(target, row);
        return true;
    }

    /// <summary>Makes the row that needs least over one layer; null when the worker would refuse it.</summary>
    private ImportedRow? Build(ImportTarget target, ImportedLayer layer, out string problem)
    {
        var extension = target.Columns(layer, _table);
        // A digest in the settings may take the password's place.
        if (!_mapper.TryMap(extension with { Password = target.Phone.Password ?? "x" }, out var mapped, out problem))
            return null;
        var actual = ValuesOf(mapped);
        var settings = new List<KeyValuePair<RealtimeColumn, string?>>();
        foreach (var column in _schema.Columns)
        {
            if (!Owned.Contains((column.Table, column.Name)) && (IsComputed(column) || !target.Agrees(column, actual[column.Index])))
                settings.Add(new(column, target.Raw(column)));
        }
        if (target.Explicit(RealtimeTable.Auth, "auth_type") is { } type)
            settings.Add(new(type, target.Raw(type)));
        if (settings.Count > 0 && _table.Columns.ContainsKey("settings"))
            extension = extension with { Settings = SettingsJson.Write(settings) };
        return _mapper.TryMap(extension, out _, out problem) ? new ImportedRow(target.Phone, extension, settings) : null;
    }

    /// <summary>Adds a remark for each option that is not as it was.</summary>
    private void AddDifferences(ImportTarget target, ImportedRow row)
    {
        target.Phone.Remarks.AddRange(target.Lost);
        var actual = ValuesOf(row.Extension);
        foreach (var column in _schema.Columns)
        {
            if (Owned.Contains((column.Table, column.Name)) || target.Agrees(column, actual[column.Index]))
                continue;
            var (was, becomes) = (target.Raw(column), actual[column.Index]);
            target.Phone.Remarks.Add($"{column.Table.Section} option {column.Name} "
                + (column.IsSecret ? "is another" : $"was {was ?? "not given"}, and becomes {becomes ?? "nothing"}")
                + (_table.Columns.ContainsKey("settings") ? "" : $": {_table.Name} has no column for settings"));
        }
    }

    /// <summary>Returns whether an expression of the mapping sets a column, so that its value is not known here.</summary>
    private bool IsComputed(RealtimeColumn column) => column.Table == RealtimeTable.Aor
        ? column.Name == "max_contacts" && _table.Computed.Contains("max_contacts")
        : column.Table == RealtimeTable.Endpoint && column.Name switch
        {
            "context" or "transport" => _table.Computed.Contains(column.Name),
            "allow" => _table.Computed.Contains("codecs"),
            "mailboxes" => _table.Computed.Contains("voicemail_mailbox") || _table.Computed.Contains("voicemail_enabled"),
            "callerid" => _table.Computed.Overlaps(["display_name", "caller_id_name", "caller_id_number"]),
            _ => false,
        };

    private string?[] ValuesOf(Extension extension) =>
        _mapper.TryMap(extension, out var mapped, out _) ? ValuesOf(mapped) : new string?[_schema.Columns.Count];

    private string?[] ValuesOf(DesiredEndpoint mapped)
    {
        var values = new string?[_schema.Columns.Count];
        mapped.CopyTo(values);
        return values;
    }
}

/// <summary>What an extension has that says nothing itself: the values by column index.</summary>
/// <param name="Profile">The profile's name; null for none.</param>
internal sealed record ImportedLayer(string? Profile, string?[] Values);
