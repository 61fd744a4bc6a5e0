using System.Text;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>Reads the text of a file that a person or another program wrote.</summary>
internal static class ConfText
{
    /// <summary>The largest file that is read, in bytes. A configuration of 100,000 phones has about 40 MB.</summary>
    public const long MaxBytes = 256L << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the text without a byte order mark. A file that is not valid UTF-8 is read as Latin-1.</summary>
    /// <param name="isLatin1">Whether the file was read as Latin-1.</param>
    /// <exception cref="IOException">The file cannot be read, is too large, or is not a text.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static string Read(string path, out bool isLatin1)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } large)
            throw new IOException($"{path} has {large.Length:N0} bytes, which is more than the {MaxBytes >> 20} MB that are read");
        var bytes = File.ReadAllBytes(path);
        if (Array.IndexOf(bytes, (byte)0) >= 0)
            throw new IOException($"{path} is not a text file: it holds a NUL byte");
        isLatin1 = false;
        try
        {
            return Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            isLatin1 = true;
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
