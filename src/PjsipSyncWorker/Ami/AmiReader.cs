using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// Splits a byte stream into messages. The owner receives into <see cref="GetMemory"/>, reports the count with <see cref="Advance"/>, and
/// takes messages with <see cref="TryRead"/> until there is none. The result does not depend on how the stream was cut into pieces.
/// </summary>
/// <remarks>
/// Each byte is scanned once, headers are kept as offsets, and the one buffer is used again, so a message allocates nothing. A line ends
/// with LF, with or without a CR before it, because Asterisk ends some errors with LF CR LF (<c>No Contacts found</c>).
/// </remarks>
public sealed class AmiReader
{
    /// <summary>Upper bound on the headers of a message. Each line of a command's output is a header.</summary>
    public const int MaxHeaders = 65_536;

    private const int MinimumRoom = 4096;

    private readonly int _maxLineBytes;
    private readonly int _maxMessageBytes;
    private byte[] _buffer = new byte[4 * MinimumRoom];
    private AmiHeaderRange[] _headers = new AmiHeaderRange[64];
    private int _headerCount;
    private int _start;   // first byte of the message being read
    private int _line;    // first byte of the line being read
    private int _scanned; // no LF between _line and here
    private int _end;     // end of what was received

    /// <summary>Creates a reader with its limits, in bytes; a line is counted without its LF, a message with everything.</summary>
    public AmiReader(int maxLineBytes = 64 * 1024, int maxMessageBytes = 1024 * 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLineBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessageBytes, maxLineBytes);
        _maxLineBytes = maxLineBytes;
        _maxMessageBytes = maxMessageBytes;
    }

    /// <summary>The size of the buffer in bytes; stays below the message limit plus a few KiB.</summary>
    public int BufferedCapacity => _buffer.Length;

    /// <summary>
    /// Returns memory to receive into, never empty. Invalidates the last message. Call it only after <see cref="TryRead"/> returned false.
    /// </summary>
    public Memory<byte> GetMemory()
    {
        if (_buffer.Length - _end < MinimumRoom && _start > 0)
        {
            MoveToFront();
        }

        if (_buffer.Length - _end < MinimumRoom)
        {
            // The unread bytes are at most one message within its limit, so this bound holds.
            var size = (int)Math.Min(2L * _buffer.Length, (long)_maxMessageBytes + (2 * MinimumRoom));
            Array.Resize(ref _buffer, Math.Max(size, _end + 1));
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Reports how many bytes were received into <see cref="GetMemory"/>.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
    }

    /// <summary>
    /// Takes the first line, which Asterisk sends without a blank line after it (<c>Asterisk Call Manager/11.0.0</c>). If this method is
    /// not called, the line is ignored, like any line without a colon.
    /// </summary>
    /// <exception cref="AmiProtocolException">The line is longer than the limit.</exception>
    public bool TryReadBanner(out string banner)
    {
        if (!TryReadLine(out var start, out var length))
        {
            banner = "";
            return false;
        }

        banner = Encoding.UTF8.GetString(_buffer, start, length);
        _start = _line;
        return true;
    }

    /// <summary>Takes the next message; false when more bytes are needed. The message is valid until the reader is used again.</summary>
    /// <exception cref="AmiProtocolException">
    /// A line, a message or its number of headers exceeds the limit. The reader must not be used any more.
    /// </exception>
    public bool TryRead(out AmiMessage message)
    {
        if (_start == _line)
        {
            _headerCount = 0;
        }

        while (TryReadLine(out var start, out var length))
        {
            if (length == 0)
            {
                var first = _start;
                var last = _line;
                _start = _line;
                if (_headerCount > 0)
                {
                    message = new AmiMessage(_buffer.AsSpan(first, last - first), _headers.AsSpan(0, _headerCount));
                    return true;
                }
            }
            else
            {
                NoteHeader(start, length);
            }
        }

        message = default;
        return false;
    }

    private bool TryReadLine(out int start, out int length)
    {
        start = _line;
        var found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
        var lineEnd = found < 0 ? _end : _scanned + found;
        var taken = found < 0 ? lineEnd : lineEnd + 1;
        // Complete and incomplete lines have the same limits, so that the result does not depend on how the stream was cut.
        var lineLimit = (long)_line + _maxLineBytes;
        var messageLimit = (long)_start + _maxMessageBytes;
        if (lineEnd > lineLimit && lineLimit < messageLimit)
        {
            throw new AmiProtocolException($"a line longer than {_maxLineBytes} bytes");
        }

        if (taken > messageLimit)
        {
            throw new AmiProtocolException($"a message longer than {_maxMessageBytes} bytes");
        }

        if (found < 0)
        {
            _scanned = _end;
            length = 0;
            return false;
        }

        length = lineEnd - start;
        if (length > 0 && _buffer[lineEnd - 1] == '\r')
        {
            length--;
        }

        _line = _scanned = taken;
        return true;
    }

    private void NoteHeader(int start, int length)
    {
        var colon = _buffer.AsSpan(start, length).IndexOf((byte)':');
        if (colon <= 0)
        {
            return;
        }

        if (_headerCount == _headers.Length)
        {
            if (_headerCount == MaxHeaders)
            {
                throw new AmiProtocolException($"a message with more than {MaxHeaders} headers");
            }

            Array.Resize(ref _headers, 2 * _headers.Length);
        }

        _headers[_headerCount++] = new AmiHeaderRange(start - _start, colon, start - _start + length);
    }

    private void MoveToFront()
    {
        Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
        _line -= _start;
        _scanned -= _start;
        _end -= _start;
        _start = 0;
    }
}
