using System.Text;
using System.Text.Json;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Finds what many rows have in common, which could be in the configuration once instead: in <c>Realtime:Defaults</c>, or in a profile.
/// </summary>
internal static class SharedOptions
{
    /// <summary>From so many phones on a layer of their own is worth it.</summary>
    private const int FewestPhones = 3;

    /// <summary>Columns that differ by phone in their nature, or that a layer cannot set.</summary>
    private static readonly string[] Personal =
        ["callerid", "mailboxes", "contact", "outbound_auth", "accountcode", "from_user", "voicemail_extension", "auth_type"];

    /// <summary>Returns suggestions for a person: what phones have something in common, and the JSON for the configuration.</summary>
    public static IEnumerable<string> Suggestions(IReadOnlyList<ImportedRow> rows)
    {
        var all = Common(rows);
        if (rows.Count >= FewestPhones && all.Count > 0)
            yield return $"All {rows.Count} phones have the same, which could be in Realtime:Defaults: {Json(all)}";
        foreach (var group in rows.Where(row => row.Phone.Templates.Count > 0)
            .GroupBy(row => row.Phone.Templates[^1], StringComparer.Ordinal)
            .Where(group => group.Count() >= FewestPhones && group.Count() < rows.Count))
        {
            var own = Common([.. group]).Except(all).ToList();
            if (own.Count > 1)
                yield return $"{group.Count()} phones of the template {group.Key} have the same, which could be a profile: {Json(own)}";
        }
    }

    /// <summary>Returns what all rows have: a section (empty for the short names), a name and a value.</summary>
    private static List<(string Section, string Name, string? Value)> Common(IReadOnlyList<ImportedRow> rows)
    {
        HashSet<(string, string, string?)>? common = null;
        foreach (var row in rows)
        {
            var own = Of(row);
            if (common is null)
                common = [.. own];
            else
                common.IntersectWith(own);
            if (common.Count == 0)
                break;
        }
        return common is null ? [] : [.. common];
    }

    private static IEnumerable<(string, string, string?)> Of(ImportedRow row)
    {
        foreach (var (name, value) in new[]
        {
            ("Context", row.Extension.Context), ("Codecs", row.Extension.Codecs), ("Transport", row.Extension.Transport),
            ("MaxContacts", row.Extension.MaxContacts),
        })
        {
            // A list of codecs may be an array, as its column wants it.
            if (value is not null)
                yield return ("", name, value.Trim('{', '}', '[', ']').Replace("\"", "", StringComparison.Ordinal));
        }
        foreach (var (column, value) in row.Settings)
        {
            if (!column.IsSecret && !Personal.Contains(column.Name, StringComparer.Ordinal))
                yield return ($"{char.ToUpperInvariant(column.Table.Section[0])}{column.Table.Section[1..]}", column.Name, value);
        }
    }

    private static string Json(List<(string Section, string Name, string? Value)> options)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var section in options.GroupBy(option => option.Section, StringComparer.Ordinal))
            {
                if (section.Key.Length > 0)
                    writer.WriteStartObject(section.Key);
                foreach (var (_, name, value) in section)
                    writer.WriteString(name, value ?? "");
                if (section.Key.Length > 0)
                    writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
