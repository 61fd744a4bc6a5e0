using Microsoft.Win32.SafeHandles;

namespace PjsipSyncWorker.Cli;

/// <summary>Opens standard output for very many lines.</summary>
internal static class StandardOutput
{
    private const int Handle = 1;
    private const int BufferSize = 1 << 16;

    /// <summary>Returns a writer that writes when its buffer is full or it is flushed.</summary>
    public static StreamWriter OpenText() => new(Open(), bufferSize: BufferSize) { NewLine = "\n" };

    /// <summary>
    /// Returns a stream. Writing to a pipe whose reader is gone throws <see cref="IOException"/>, which the stream of <see cref="Console"/>
    /// does not do. A file keeps the console's stream, because a <see cref="FileStream"/> does not move the position that the processes of
    /// a shell share.
    /// </summary>
    public static Stream Open()
    {
        var stream = new FileStream(new SafeFileHandle(Handle, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }
}
