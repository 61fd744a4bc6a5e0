namespace PjsipSyncWorker.Ami;

/// <summary>One <c>Key: Value</c> line of a message, borrowed like the message itself.</summary>
public readonly ref struct AmiHeader(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
{
    /// <summary>The bytes before the first colon.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>The bytes after the colon, without one leading space. They may be empty, and need not be UTF-8.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>The position of a header in its message: offsets from the message's first byte, so that the buffer may move.</summary>
internal readonly record struct AmiHeaderRange(int Start, int KeyLength, int End)
{
    public ReadOnlySpan<byte> Key(ReadOnlySpan<byte> message) => message.Slice(Start, KeyLength);

    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> message)
    {
        var value = message[(Start + KeyLength + 1)..End];
        return value is [(byte)' ', ..] ? value[1..] : value;
    }
}
