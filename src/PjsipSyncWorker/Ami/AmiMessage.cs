using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// One response or event. It borrows the reader's buffer and is valid only until the reader is used again, which its being a ref struct
/// enforces as far as a callback goes: ask for strings of what shall be kept.
/// </summary>
public readonly ref struct AmiMessage
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ReadOnlySpan<AmiHeaderRange> _headers;

    internal AmiMessage(ReadOnlySpan<byte> bytes, ReadOnlySpan<AmiHeaderRange> headers)
    {
        _bytes = bytes;
        _headers = headers;
    }

    /// <summary>Number of headers, repeated keys counted each time.</summary>
    public int Count => _headers.Length;

    /// <summary>
    /// True when the first header is <c>Event</c>. Only the first counts: the event OriginateResponse has a header <c>Response</c>.
    /// </summary>
    public bool IsEvent => FirstKeyIs("Event"u8);

    /// <summary>True when the first header is <c>Response</c>.</summary>
    public bool IsResponse => FirstKeyIs("Response"u8);

    /// <summary>The event's name, empty when this is no event.</summary>
    public ReadOnlySpan<byte> Event => IsEvent ? _headers[0].Value(_bytes) : default;

    /// <summary>The <c>ActionID</c>, empty when there is none.</summary>
    public ReadOnlySpan<byte> ActionId => Get("ActionID"u8);

    /// <summary>Whether this is the event of that name (letter case aside).</summary>
    public bool IsEventNamed(ReadOnlySpan<byte> name) => IsEvent && Ascii.EqualsIgnoreCase(Event, name);

    /// <summary>The first value of a key (letter case aside), empty when the key is absent.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => TryGet(key, out var value) ? value : default;

    /// <summary>The first value of a key (letter case aside); false when the key is absent.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var header in _headers)
        {
            // The length settles nearly every comparison: the headers of a message are few and their keys differ in length.
            if (header.KeyLength == key.Length && Ascii.EqualsIgnoreCase(header.Key(_bytes), key))
            {
                value = header.Value(_bytes);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The first value of a key as a string, null when the key is absent. Bytes that are no UTF-8 become U+FFFD.</summary>
    public string? GetString(ReadOnlySpan<byte> key) => TryGet(key, out var value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>All headers in the order they came, repeated keys included.</summary>
    public Enumerator GetEnumerator() => new(this);

    private bool FirstKeyIs(ReadOnlySpan<byte> key) => _headers.Length > 0 && Ascii.EqualsIgnoreCase(_headers[0].Key(_bytes), key);

    /// <summary>Walks over the headers of a message without allocating.</summary>
    public ref struct Enumerator
    {
        private readonly AmiMessage _message;
        private int _index;

        internal Enumerator(AmiMessage message)
        {
            _message = message;
            _index = -1;
        }

        /// <summary>The header stood on.</summary>
        public readonly AmiHeader Current
        {
            get
            {
                var range = _message._headers[_index];
                return new AmiHeader(range.Key(_message._bytes), range.Value(_message._bytes));
            }
        }

        /// <summary>Goes one on; false past the last.</summary>
        public bool MoveNext() => ++_index < _message._headers.Length;
    }
}
