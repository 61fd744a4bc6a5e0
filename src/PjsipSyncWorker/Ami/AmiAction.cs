using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>A request. No value can smuggle a line into it.</summary>
public sealed class AmiAction
{
    private readonly StringBuilder _lines = new();

    /// <param name="name">Such as <c>PJSIPShowContacts</c>.</param>
    public AmiAction(string name)
    {
        Name = name;
        With("Action", name);
    }

    /// <summary>What is asked for.</summary>
    public string Name { get; }

    /// <summary>Adds a header.</summary>
    /// <exception cref="ArgumentException">The key or the value holds a line break or NUL.</exception>
    public AmiAction With(string key, string value)
    {
        Check(key, nameof(key));
        Check(value, nameof(value));
        if (key.Contains(':', StringComparison.Ordinal))
            throw new ArgumentException("A header's name holds no colon", nameof(key));
        _lines.Append(key).Append(": ").Append(value).Append("\r\n");
        return this;
    }

    internal byte[] Encode(string actionId) => Encoding.UTF8.GetBytes($"{_lines}ActionID: {actionId}\r\n\r\n");

    private static void Check(string text, string argument)
    {
        if (text.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)
            throw new ArgumentException("A line break would begin another header", argument);
    }
}
