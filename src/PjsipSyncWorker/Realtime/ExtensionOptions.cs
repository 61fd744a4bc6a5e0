using System.Text.Json;
using PjsipSyncWorker.Configuration;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Parses the column <c>settings</c>: <c>{"endpoint":{…},"aor":{…},"auth":{…}}</c> with any further options of the ps_* tables.
/// </summary>
public static class ExtensionOptions
{
    /// <summary>Parses the JSON of one row.</summary>
    /// <param name="json">Null, an empty object or an empty array: no options.</param>
    /// <param name="options">The options of each table as text; null for an option that is to be NULL.</param>
    /// <param name="problem">What is wrong, with the key and never with a value.</param>
    /// <returns>False when the JSON is not valid or has another form.</returns>
    public static bool TryParse(string? json, out OptionSet options, out string problem)
    {
        options = OptionSet.Empty;
        problem = "";
        if (string.IsNullOrWhiteSpace(json) || json is "{}" or "[]" or "null")
            return true;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Refuse("settings must be an object with the keys endpoint, aor, auth", out problem);
            var tables = RealtimeTable.All.ToDictionary(
                table => table.Section, _ => new Dictionary<string, string?>(), StringComparer.Ordinal);
            foreach (var table in document.RootElement.EnumerateObject())
            {
                if (!tables.TryGetValue(table.Name, out var values))
                    return Refuse($"settings.{Shown(table.Name)} is not known: the keys are endpoint, aor, auth", out problem);
                // PHP writes an empty object as an empty array.
                if (table.Value.ValueKind == JsonValueKind.Null
                    || table.Value.ValueKind == JsonValueKind.Array && table.Value.GetArrayLength() == 0)
                    continue;
                if (table.Value.ValueKind != JsonValueKind.Object)
                    return Refuse($"settings.{table.Name} must be an object of options", out problem);
                foreach (var option in table.Value.EnumerateObject())
                {
                    if (!TryText(option.Value, OptionRules.MayRepeat(option.Name) ? '\n' : ',', out var text))
                    {
                        return Refuse(
                            $"settings.{table.Name}.{Shown(option.Name)} must be a text, a number, true, false, null or a list of texts",
                            out problem);
                    }
                    values[option.Name] = text;
                }
            }
            options = new OptionSet(tables["endpoint"], tables["auth"], tables["aor"]);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Refuse("settings is not valid JSON", out problem);
        }
    }

    private static bool TryText(JsonElement value, char separator, out string? text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                text = value.GetString();
                return true;
            case JsonValueKind.Number:
                text = value.GetRawText();
                return true;
            case JsonValueKind.True:
                text = "yes";
                return true;
            case JsonValueKind.False:
                text = "no";
                return true;
            case JsonValueKind.Null:
                text = null;
                return true;
            case JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String):
                text = string.Join(separator, value.EnumerateArray().Select(item => item.GetString()));
                return true;
            default:
                text = null;
                return false;
        }
    }
}
