using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace PjsipSyncWorker.Configuration;

/// <summary>A configuration file in JSON, with comments and with commas at the end of a list. It knows the line of each key.</summary>
internal sealed class SettingsFile : ConfigurationProvider, IConfigurationSource
{
    private static readonly JsonReaderOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly Dictionary<string, int> _lines = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Offsets of the line ends.</summary>
    private readonly int[] _lineEnds;

    private SettingsFile(string path, ReadOnlySpan<byte> text)
    {
        Path = path;
        var ends = new List<int>();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == (byte)'\n')
                ends.Add(at);
        }
        _lineEnds = [.. ends];
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="SettingsException">The file cannot be read, or is no JSON object, or gives a key twice.</exception>
    public static SettingsFile Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Problem(path, "there is no such file; name one that exists, or leave --config out for "
                + SettingsSources.DefaultFile);
        }
        catch (UnauthorizedAccessException)
        {
            throw Problem(path, Directory.Exists(path) ? "this is a folder; name the file in it"
                : $"permission denied to the user {Environment.UserName}; run the command as root (sudo), or as the user of the service");
        }
        catch (IOException error)
        {
            throw Problem(path, error.Message);
        }
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="SettingsException">The text is no JSON object, or gives a key twice.</exception>
    public static SettingsFile Parse(string path, ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        if (text.Trim(" \t\r\n"u8).IsEmpty)
            throw Problem(path, "the file is empty; the least is {}");
        var file = new SettingsFile(path, text);
        try
        {
            var reader = new Utf8JsonReader(text, Options);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Problem(path, "the file must be one JSON object: { … }");
            file.ReadObject(ref reader, "");
            reader.Read();
            return file;
        }
        catch (JsonException error)
        {
            // The message of the exception may repeat a piece of the file.
            throw Problem(path, string.Create(CultureInfo.InvariantCulture,
                $"line {error.LineNumber + 1}, column {error.BytePositionInLine + 1}: this is no JSON; look for a quote, comma or "
                + $"brace that is missing or too much, here or just before"));
        }
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Where a key stands: the path, a colon and the line. Null when the file has no such key.</summary>
    public string? PlaceOf(string key) => _lines.TryGetValue(key, out var line) ? $"{Path}:{line}" : null;

    private void ReadObject(ref Utf8JsonReader reader, string path)
    {
        AddSection(path);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = Child(path, reader.GetString()!);
            var line = LineOf(reader);
            reader.Read();
            ReadValue(ref reader, key, line);
        }
    }

    private void ReadArray(ref Utf8JsonReader reader, string path)
    {
        AddSection(path);
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
            ReadValue(ref reader, Child(path, index.ToString(CultureInfo.InvariantCulture)), LineOf(reader));
    }

    private void ReadValue(ref Utf8JsonReader reader, string key, int line)
    {
        var isFirst = _lines.TryAdd(key, line);
        if (reader.TokenType == JsonTokenType.StartObject)
            ReadObject(ref reader, key);
        else if (reader.TokenType == JsonTokenType.StartArray)
            ReadArray(ref reader, key);
        else if (!isFirst)
            throw Problem(Path, $"line {line}: {key} is given twice, first in line {_lines[key]}; remove one");
        else
            Data[key] = Text(ref reader);
    }

    private static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.String => reader.GetString(),
        _ => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
    };

    /// <summary>Makes a section that is empty visible.</summary>
    private void AddSection(string path)
    {
        if (path.Length > 0)
            Data.TryAdd(path, null);
    }

    /// <summary>The line of the token that the reader is at, the first being 1.</summary>
    private int LineOf(in Utf8JsonReader reader) => ~Array.BinarySearch(_lineEnds, (int)reader.TokenStartIndex) + 1;

    private static string Child(string path, string key) => path.Length == 0 ? key : $"{path}:{key}";

    private static SettingsException Problem(string path, string text) => new([$"{path}: {text}"]);
}
