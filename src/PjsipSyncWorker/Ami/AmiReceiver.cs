namespace PjsipSyncWorker.Ami;

/// <summary>Reads bytes from the stream and passes the messages to the dispatcher, one at a time.</summary>
internal sealed class AmiReceiver(Stream stream, AmiReader reader, AmiDispatcher dispatcher, TimeProvider time)
{
    private const string Greeting = "Asterisk Call Manager/";
    private long _heardAt = time.GetTimestamp();

    /// <summary>Time since the last complete message. Bytes that complete no message count as silence.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>Reads the first line and returns the version of the protocol, such as <c>11.0.0</c>.</summary>
    /// <exception cref="AmiProtocolException">The peer is not AMI.</exception>
    public async Task<string> ReadBannerAsync(CancellationToken cancellationToken)
    {
        string banner;
        while (!reader.TryReadBanner(out banner))
        {
            await ReceiveAsync(
                "the peer closed the connection without a greeting: not AMI, TLS only, or too many sessions", cancellationToken);
        }

        // The peer is unknown, so only a part of its text, made printable, goes into the error.
        return banner.StartsWith(Greeting, StringComparison.Ordinal)
            ? banner[Greeting.Length..].Trim()
            : throw new AmiProtocolException($"the peer is not AMI, it greets with \"{Printable(banner)}\"");
    }

    /// <summary>Reads until the stream ends. Always ends by an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // The bytes of a peer that never pauses are always there, so without this the caller would never continue.
        await Task.Yield();
        while (true)
        {
            Dispatch();
            await ReceiveAsync("Asterisk closed the connection", cancellationToken);
        }
    }

    private void Dispatch()
    {
        while (reader.TryRead(out var message))
        {
            Volatile.Write(ref _heardAt, time.GetTimestamp());
            dispatcher.Dispatch(message);
        }
    }

    private async ValueTask ReceiveAsync(string atEnd, CancellationToken cancellationToken)
    {
        var count = await stream.ReadAsync(reader.GetMemory(), cancellationToken);
        if (count == 0)
        {
            throw new AmiConnectionException(atEnd);
        }

        reader.Advance(count);
    }

    private static string Printable(string text) =>
        string.Concat(text.Take(40).Select(character => character is >= ' ' and <= '~' ? character : '?'));
}
