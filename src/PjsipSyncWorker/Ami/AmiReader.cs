namespace PjsipSyncWorker.Ami;

/// <summary>Receives what <see cref="AmiReader"/> finds.</summary>
public interface IAmiMessageHandler
{
    /// <summary>The first line, <c>Asterisk Call Manager/…</c>.</summary>
    void OnBanner(string banner);

    /// <summary>A complete message; valid only during the call.</summary>
    void OnMessage(AmiMessage message);
}

/// <summary>
/// Bytes to messages. Feed it whatever arrives, in any pieces: a message ends at an empty line, extra empty lines mean
/// nothing. The buffer grows to the largest message and never beyond the limits.
/// </summary>
public sealed class AmiReader(int maxLineBytes = AmiReader.DefaultMaxLine, int maxMessageBytes = AmiReader.DefaultMaxMessage)
{
    public const int DefaultMaxLine = 64 * 1024;
    public const int DefaultMaxMessage = 1024 * 1024;

    private byte[] _buffer = new byte[16 * 1024];
    private int _length;
    private int _scanned;
    private int _lineStart;
    private bool _bannerSeen;

    /// <summary>Where to put the next bytes; follow with <see cref="Advance"/>.</summary>
    public Memory<byte> Free()
    {
        if (_buffer.Length - _length < 4096)
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, maxMessageBytes + 64 * 1024));
        return _buffer.AsMemory(_length);
    }

    /// <summary>So many bytes were put there; complete messages among them go to the handler.</summary>
    /// <exception cref="AmiProtocolException">A line or a message is longer than any Asterisk sends.</exception>
    public void Advance(int count, IAmiMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _length += count;
        var start = 0;
        while (_buffer.AsSpan(_scanned, _length - _scanned).IndexOf((byte)'\n') is var offset and >= 0)
        {
            var end = _scanned + offset;
            CheckLine(end - _lineStart);
            var empty = end == _lineStart || end == _lineStart + 1 && _buffer[_lineStart] == '\r';
            if (!_bannerSeen)
            {
                _bannerSeen = true;
                handler.OnBanner(System.Text.Encoding.UTF8.GetString(_buffer.AsSpan(_lineStart, end - _lineStart)).TrimEnd('\r'));
                start = end + 1;
            }
            else if (empty)
            {
                if (_lineStart > start)
                    handler.OnMessage(new AmiMessage(_buffer.AsSpan(start, _lineStart - start)));
                start = end + 1;
            }
            _scanned = _lineStart = end + 1;
        }
        _scanned = _length;
        CheckLine(_length - _lineStart);
        if (_length - start > maxMessageBytes)
            throw new AmiProtocolException($"a message is longer than {maxMessageBytes} bytes: this is not Asterisk's manager interface, or not in its right mind");
        if (start > 0)
        {
            _buffer.AsSpan(start, _length - start).CopyTo(_buffer);
            (_length, _scanned, _lineStart) = (_length - start, _scanned - start, _lineStart - start);
        }
    }

    private void CheckLine(int length)
    {
        if (length > maxLineBytes)
            throw new AmiProtocolException($"a line is longer than {maxLineBytes} bytes: this is not Asterisk's manager interface, or not in its right mind");
    }
}
