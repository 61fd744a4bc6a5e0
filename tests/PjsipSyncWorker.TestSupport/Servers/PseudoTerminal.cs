using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A program on a pseudo-terminal of its own, which is its controlling terminal.</summary>
internal sealed class PseudoTerminal : IAsyncDisposable
{
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;
    private const nuint SetWindowSize = 0x5414;
    private const int AttributesSize = 60;
    private const int LocalFlags = 12;
    private const int Echo = 8;

    private readonly int _master = posix_openpt(ReadWrite | NoControllingTerminal);
    private readonly FileStream _stream;
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly StringBuilder _output = new();

    /// <summary>Starts a program.</summary>
    /// <param name="info">The program with its arguments and environment; its redirections are not used.</param>
    public PseudoTerminal(ProcessStartInfo info, int width, int height)
    {
        var name = new byte[128];
        if (_master < 0 || grantpt(_master) != 0 || unlockpt(_master) != 0 || ptsname_r(_master, name, (nuint)name.Length) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "no pseudo-terminal");
        Resize(width, height);
        AttributesBefore = Attributes;
        _stream = new FileStream(new SafeFileHandle(_master, ownsHandle: true), FileAccess.ReadWrite, bufferSize: 0);
        // exec: the process that is started becomes the program, so that signals reach it. A background job of a shell ignores SIGINT and
        // SIGQUIT, and what it starts inherits that; the tests may run in such a job.
        var start = new ProcessStartInfo("sh", ["-c", "exec env --default-signal setsid --ctty \"$@\" <>\"$0\" >&0 2>&0",
            Encoding.ASCII.GetString(name).TrimEnd('\0'), info.FileName, .. info.ArgumentList]);
        start.Environment.Clear();
        foreach (var (key, value) in info.Environment)
            start.Environment[key] = value;
        _process = Process.Start(start)!;
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>The attributes of the terminal (struct termios) before the program.</summary>
    public byte[] AttributesBefore { get; }

    /// <summary>The attributes of the terminal now.</summary>
    public byte[] Attributes
    {
        get
        {
            var attributes = new byte[256];
            return tcgetattr(_master, attributes) == 0 ? attributes[..AttributesSize] : throw new Win32Exception("no terminal");
        }
    }

    /// <summary>Whether the terminal shows what is typed.</summary>
    public bool Echoes => (Attributes[LocalFlags] & Echo) != 0;

    /// <summary>Everything that the program has written.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Gives the terminal another size; the program gets SIGWINCH.</summary>
    public void Resize(int width, int height)
    {
        if (ioctl(_master, SetWindowSize, [(ushort)height, (ushort)width, 0, 0]) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "the terminal keeps its size");
    }

    /// <summary>Types keys, such as <c>\x03</c> for Ctrl-C.</summary>
    public void Type(string keys) => _stream.Write(Encoding.UTF8.GetBytes(keys));

    /// <param name="signal">For example <c>TERM</c>.</param>
    public Task SignalAsync(string signal) => Command.ExpectAsync(["kill", $"-{signal}", $"{_process.Id}"]);

    /// <summary>Waits until the program ends, and returns its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await Eventually.Ends(_process.WaitForExitAsync());
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _reader.Join(TimeSpan.FromSeconds(5));
        await _stream.DisposeAsync();
        _process.Dispose();
    }

    private void Read()
    {
        var decoder = Encoding.UTF8.GetDecoder();
        var (bytes, characters) = (new byte[4096], new char[4096]);
        try
        {
            while (_stream.Read(bytes) is > 0 and var count)
            {
                lock (_output)
                    _output.Append(characters, 0, decoder.GetChars(bytes, 0, count, characters, 0));
            }
        }
        catch (IOException)
        {
            // The last process of the terminal has ended.
        }
    }

#pragma warning disable SYSLIB1054, IDE1006, CA1416 // A generated import needs unsafe code; the names are those of the C library.
    [DllImport("libc", SetLastError = true)]
    private static extern int posix_openpt(int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int grantpt(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int unlockpt(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int ptsname_r(int descriptor, [Out] byte[] name, nuint size);

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int descriptor, nuint request, ushort[] size);

    [DllImport("libc", SetLastError = true)]
    private static extern int tcgetattr(int descriptor, [Out] byte[] attributes);
#pragma warning restore SYSLIB1054, IDE1006, CA1416
}
