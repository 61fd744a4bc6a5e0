using System.Text;
using System.Text.Json;

namespace PjsipSyncWorker.Cli;

/// <summary>Writes one JSON value as one line of text. A JsonSerializerContext would add 400 kB to the binary.</summary>
internal static class JsonText
{
    /// <param name="write">Writes the value.</param>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
