using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// One message of the manager interface: <c>Key: Value</c> lines. It borrows the reader's buffer and is valid only
/// until the call that received it returns; <see cref="GetString"/> and <see cref="Copy"/> make what outlives it.
/// </summary>
public readonly ref struct AmiMessage(ReadOnlySpan<byte> lines)
{
    private readonly ReadOnlySpan<byte> _lines = lines;

    /// <summary>Whether this is <c>Event: …</c>; otherwise it is a response.</summary>
    public bool IsEvent => _lines.Length > 6 && Ascii.EqualsIgnoreCase(_lines[..6], "Event:"u8);

    /// <summary>The event's name; empty for a response.</summary>
    public ReadOnlySpan<byte> Event => Get("Event"u8);

    /// <summary>The first value of a key, without surrounding space; empty when there is none. Keys match in any case.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        foreach (var header in this)
            if (header.Is(key))
                return header.Value;
        return default;
    }

    /// <summary>The first value of a key as a string; null when it is missing or empty. Bytes that are no UTF-8 become U+FFFD.</summary>
    public string? GetString(ReadOnlySpan<byte> key) => Get(key) is { IsEmpty: false } value ? Encoding.UTF8.GetString(value) : null;

    /// <summary>A copy that may be kept.</summary>
    public AmiResponse Copy()
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var header in this)
            headers.Add(new(Encoding.UTF8.GetString(header.Key), Encoding.UTF8.GetString(header.Value)));
        return new AmiResponse(headers);
    }

    /// <summary>Walks the headers in order, repeated keys included.</summary>
    public Enumerator GetEnumerator() => new(_lines);

    /// <summary>One header.</summary>
    public readonly ref struct Header(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        public ReadOnlySpan<byte> Key { get; } = key;

        public ReadOnlySpan<byte> Value { get; } = value;

        public bool Is(ReadOnlySpan<byte> key) => Ascii.EqualsIgnoreCase(Key, key);
    }

    /// <summary>Splits lines as it goes; a line without a colon is passed over.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public Header Current { get; private set; }

        public bool MoveNext()
        {
            while (!_rest.IsEmpty)
            {
                var end = _rest.IndexOf((byte)'\n');
                var line = end < 0 ? _rest : _rest[..end];
                _rest = end < 0 ? default : _rest[(end + 1)..];
                if (!line.IsEmpty && line[^1] == '\r')
                    line = line[..^1];
                var colon = line.IndexOf((byte)':');
                if (colon <= 0)
                    continue;
                var value = line[(colon + 1)..];
                Current = new Header(line[..colon], value.Length > 0 && value[0] == ' ' ? value[1..] : value);
                return true;
            }
            return false;
        }
    }
}

/// <summary>A response, or a list's item, that may be kept.</summary>
public sealed class AmiResponse(IReadOnlyList<KeyValuePair<string, string>> headers)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; } = headers;

    /// <summary>Whether Asterisk said <c>Response: Error</c>; anything else is a yes.</summary>
    public bool IsError => string.Equals(this["Response"], "Error", StringComparison.OrdinalIgnoreCase);

    /// <summary>What Asterisk said to it.</summary>
    public string Message => this["Message"] ?? "";

    /// <summary>The lines that a CLI command printed.</summary>
    public IEnumerable<string> Output => Headers.Where(header => header.Key.Equals("Output", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    /// <summary>The first value of a key.</summary>
    public string? this[string key] => Headers.FirstOrDefault(header => header.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;
}
