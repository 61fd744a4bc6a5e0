using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>Writes the column <c>settings</c> as a person would.</summary>
internal static class SettingsJson
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns one line: an object for each table, with the options in the order of the columns.</summary>
    public static string Write(IEnumerable<KeyValuePair<RealtimeColumn, string?>> settings)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Readable))
        {
            writer.WriteStartObject();
            foreach (var table in settings.GroupBy(setting => setting.Key.Table).OrderBy(table => table.Key.Index))
            {
                writer.WriteStartObject(table.Key.Section);
                foreach (var (column, value) in table)
                    Write(writer, column, value);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, RealtimeColumn column, string? value)
    {
        if (value is null)
            writer.WriteNull(column.Name);
        else if (column.Kind == ColumnKind.Whole && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            writer.WriteNumber(column.Name, number);
        else if (value.Contains('\n', StringComparison.Ordinal))
        {
            writer.WriteStartArray(column.Name);
            foreach (var line in value.Split('\n'))
                writer.WriteStringValue(line);
            writer.WriteEndArray();
        }
        else
            writer.WriteString(column.Name, value);
    }
}
