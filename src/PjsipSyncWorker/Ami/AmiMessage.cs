using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// One response or event. It borrows the reader's buffer and is valid only until the reader is used again. As a ref struct it cannot
/// outlive a callback; make strings of what must be kept.
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

    /// <summary>The number of headers; a repeated key counts each time.</summary>
    public int Count => _headers.Length;

    /// <summary>
    /// True when the first header is <c>Event</c>. Only the first counts: the event OriginateResponse has a header <c>Response</c>.
    /// </summary>
    public bool IsEvent => FirstKeyIs("Event"u8);

    /// <summary>True when the first header is <c>Response</c>.</summary>
    public bool IsResponse => FirstKeyIs("Response"u8);

    /// <summary>The name of the event; empty when the message is not an event.</summary>
    public ReadOnlySpan<byte> Event => IsEvent ? _headers[0].Value(_bytes) : default;

    /// <summary>The <c>ActionID</c>; empty when there is none.</summary>
    public ReadOnlySpan<byte> ActionId => Get("ActionID"u8);

    /// <summary>Whether this is an event of that name, in upper or lower case.</summary>
    public bool IsEventNamed(ReadOnlySpan<byte> name) => IsEvent && Ascii.EqualsIgnoreCase(Event, name);

    /// <summary>Returns the first value of a key, in upper or lower case; empty when the key is absent.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => TryGet(key, out var value) ? value : default;

    /// <summary>Gets the first value of a key, in upper or lower case; false when the key is absent.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly var header in _headers)
        {
            // Comparing the lengths first decides nearly always, because a message has few headers and their keys differ in length.
            if (header.KeyLength == key.Length && Ascii.EqualsIgnoreCase(header.Key(_bytes), key))
            {
                value = header.Value(_bytes);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>
    /// Returns the first value of a key as a string; null when the key is absent. Bytes that are not UTF-8 become U+FFFD.
    /// </summary>
    public string? GetString(ReadOnlySpan<byte> key) => TryGet(key, out var value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>All headers in the order of the message, with repeated keys.</summary>
    public Enumerator GetEnumerator() => new(this);

    private bool FirstKeyIs(ReadOnlySpan<byte> key) => _headers.Length > 0 && Ascii.EqualsIgnoreCase(_headers[0].Key(_bytes), key);

    /// <summary>Enumerates the headers of a message without allocating.</summary>
    public ref struct Enumerator
    {
        private readonly AmiMessage _message;
        private int _index;

        internal Enumerator(AmiMessage message)
        {
            _message = message;
            _index = -1;
        }

        /// <summary>The current header.</summary>
        public readonly AmiHeader Current
        {
            get
            {
                var range = _message._headers[_index];
                return new AmiHeader(range.Key(_message._bytes), range.Value(_message._bytes));
            }
        }

        /// <summary>Moves to the next header; false after the last.</summary>
        public bool MoveNext() => ++_index < _message._headers.Length;
    }
}
