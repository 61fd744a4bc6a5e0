using System.Text;
using System.Text.Json;

namespace PjsipSyncWorker.Cli;

/// <summary>One JSON value as a line of text.</summary>
internal static class JsonText
{
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
