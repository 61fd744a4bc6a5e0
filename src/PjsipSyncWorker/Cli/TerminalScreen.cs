using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// The whole terminal, for lines that are drawn again and again: the alternate screen without a cursor and without wrapping. A signal that
/// ends or stops the process gives the terminal back first. Keys are not shown; <c>q</c> ends. Thread-safe.
/// </summary>
internal sealed class TerminalScreen : IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l\e[?7l\e[H\e[2J";
    private const string Leave = "\e[0m\e[?7h\e[?25h\e[?1049l";
    private const string ClearRestOfLine = "\e[K";
    private const string ClearBelow = "\e[J";

    private readonly Lock _lock = new();
    private readonly Stream _output = StandardOutput.Open();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Action _onEnd;
    private byte[]? _attributes;
    private bool _isActive;
    private bool _isClosed;

    /// <param name="onEnd">
    /// Called when the user wants to end, by a signal or a key, after the terminal was given back. The process goes on to end itself.
    /// </param>
    /// <param name="onResize">Called when the size has changed, and when the process goes on after it was stopped.</param>
    public TerminalScreen(Action onEnd, Action onResize)
    {
        _onEnd = onEnd;
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                End();
            }));
        }
#pragma warning disable CA1416 // The worker runs on Linux alone.
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => GiveBack()));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => onResize()));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => onResize()));
#pragma warning restore CA1416
    }

    /// <summary>Reads keys in the background, until one of them ends the process or standard input ends.</summary>
    public void ReadKeys()
    {
        if (Console.IsInputRedirected)
            return;
        new Thread(() =>
        {
            const int standardInput = 0;
            const int controlD = 4;
            using var keys = new FileStream(new SafeFileHandle(standardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            try
            {
                while (keys.ReadByte() is var key and not -1)
                {
                    if (key is 'q' or 'Q' or controlD)
                        End();
                }
            }
            catch (IOException)
            {
                // The terminal was closed; a signal says so.
            }
        })
        { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>Replaces what the screen shows.</summary>
    /// <param name="layout">Returns the lines for a width and a height, neither more nor longer ones than fit.</param>
    public void Draw(Func<int, int, IEnumerable<string>> layout)
    {
        var (width, height) = TerminalDevice.Size();
        var frame = new StringBuilder();
        var row = 0;
        foreach (var line in layout(width, height).Take(height))
            frame.Append(System.Globalization.CultureInfo.InvariantCulture, $"\e[{++row};1H{line}{ClearRestOfLine}");
        if (row < height)
            frame.Append(System.Globalization.CultureInfo.InvariantCulture, $"\e[{row + 1};1H{ClearBelow}");
        lock (_lock)
        {
            if (_isClosed)
                return;
            // Each time, because the runtime sets the terminal itself when the process goes on after it was stopped.
            var attributes = TerminalDevice.Quiet();
            _attributes = _isActive ? _attributes ?? attributes : attributes;
            Write(_isActive ? frame.ToString() : Enter + frame);
            _isActive = true;
        }
    }

    /// <summary>Gives the terminal back. Later calls of <see cref="Draw"/> do nothing.</summary>
    public void Dispose()
    {
        GiveBack();
        lock (_lock)
            _isClosed = true;
    }

    private void End()
    {
        Dispose();
        _onEnd();
    }

    private void GiveBack()
    {
        lock (_lock)
        {
            if (_isActive)
                Write(Leave);
            if (_isActive && _attributes is not null)
                TerminalDevice.Restore(_attributes);
            _isActive = false;
        }
    }

    private void Write(string text)
    {
        try
        {
            _output.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // The terminal was closed; a signal says so.
        }
    }
}
