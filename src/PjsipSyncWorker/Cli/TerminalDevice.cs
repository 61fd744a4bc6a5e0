using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// The terminal of this process. <see cref="Console"/> has the same, but writes sequences to the terminal when it is asked for the size.
/// </summary>
internal static partial class TerminalDevice
{
    private const string LibC = "libc";
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;

    /// <summary>TIOCGWINSZ of Linux.</summary>
    private const nuint GetWindowSize = 0x5413;

    /// <summary>TCSADRAIN of Linux: what was written is shown first.</summary>
    private const int AfterOutput = 1;

    /// <summary>The size of struct termios of Linux is 60 bytes; more is not touched.</summary>
    private const int AttributesSize = 256;

    /// <summary>Where struct termios has c_lflag, and two of its flags: ICANON and ECHO.</summary>
    private const int LocalFlags = 12;
    private const uint Lines = 2;
    private const uint Echo = 8;

    /// <summary>Returns the columns and rows of standard output; 80 and 24 when it does not say.</summary>
    public static (int Width, int Height) Size()
    {
        var size = new ushort[4];
        return Control(StandardOutput, GetWindowSize, size) == 0 && size[0] > 0 && size[1] > 0
            ? (size[1], size[0])
            : (UsualWidth, UsualHeight);
    }

    /// <summary>Turns off the echo of keys, and the wait for the end of the line. Keys that send signals still do.</summary>
    /// <returns>What <see cref="Restore"/> takes back; null when standard input is no terminal.</returns>
    public static byte[]? Quiet()
    {
        var attributes = new byte[AttributesSize];
        if (GetAttributes(StandardInput, attributes) != 0)
            return null;
        var quiet = attributes.ToArray();
        var flags = quiet.AsSpan(LocalFlags);
        BinaryPrimitives.WriteUInt32LittleEndian(flags, BinaryPrimitives.ReadUInt32LittleEndian(flags) & ~(Lines | Echo));
        return SetAttributes(StandardInput, AfterOutput, quiet) == 0 ? attributes : null;
    }

    /// <summary>Takes <see cref="Quiet"/> back.</summary>
    public static void Restore(byte[] attributes) => _ = SetAttributes(StandardInput, AfterOutput, attributes);

    [LibraryImport(LibC, EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, [Out] ushort[] size);

    [LibraryImport(LibC, EntryPoint = "tcgetattr")]
    private static partial int GetAttributes(int descriptor, [Out] byte[] attributes);

    [LibraryImport(LibC, EntryPoint = "tcsetattr")]
    private static partial int SetAttributes(int descriptor, int when, byte[] attributes);
}
