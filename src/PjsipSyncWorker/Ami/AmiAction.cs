using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// An action to send: <c>new AmiAction("Command") { { "Command", "core show version" } }</c>. The connection adds the ActionID.
/// </summary>
/// <remarks>A name or value with CR, LF or NUL is refused, so that no value can add a line and with it an action of its own.</remarks>
public sealed class AmiAction : IEnumerable<KeyValuePair<string, string>>
{
    private static readonly SearchValues<char> LineBreakers = SearchValues.Create("\r\n\0");
    private readonly List<KeyValuePair<string, string>> _headers = [];

    /// <summary>Creates an action without headers.</summary>
    /// <exception cref="ArgumentException">The name is empty or holds CR, LF or NUL.</exception>
    public AmiAction(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        RefuseLineBreakers(name, nameof(name));
        Name = name;
    }

    /// <summary>The action's name, such as <c>PJSIPShowContacts</c>.</summary>
    public string Name { get; }

    /// <summary>Adds a header; the same key may be added again.</summary>
    /// <exception cref="ArgumentException">
    /// CR, LF or NUL in key or value, a colon in the key, or a key that the connection itself writes (Action, ActionID). The text does not
    /// repeat the value.
    /// </exception>
    public void Add(string key, string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        ArgumentNullException.ThrowIfNull(value);
        RefuseLineBreakers(key, nameof(key));
        RefuseLineBreakers(value, nameof(value));
        if (key.Contains(':', StringComparison.Ordinal))
        {
            throw new ArgumentException("A header's key cannot hold a colon.", nameof(key));
        }

        if (key.Equals("Action", StringComparison.OrdinalIgnoreCase) || key.Equals("ActionID", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException("Action and ActionID are written by the connection.", nameof(key));
        }

        _headers.Add(new(key, value));
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Writes the action in the form that is sent, with its closing blank line.</summary>
    internal void WriteTo(IBufferWriter<byte> output, string idPrefix, long id)
    {
        Write(output, "Action", Name);
        Write(output, "ActionID", string.Create(CultureInfo.InvariantCulture, $"{idPrefix}{id}"));
        foreach (var (key, value) in _headers)
        {
            Write(output, key, value);
        }

        output.Write("\r\n"u8);
    }

    private static void Write(IBufferWriter<byte> output, string key, string value)
    {
        Encoding.UTF8.GetBytes(key, output);
        output.Write(": "u8);
        Encoding.UTF8.GetBytes(value, output);
        output.Write("\r\n"u8);
    }

    private static void RefuseLineBreakers(string text, string parameter)
    {
        if (text.AsSpan().ContainsAny(LineBreakers))
        {
            throw new ArgumentException("CR, LF and NUL are not allowed in an AMI action.", parameter);
        }
    }
}
