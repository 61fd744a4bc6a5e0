using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// The actions that await an answer, by the number in their ActionID. The prefix is the connection's own, for events may bear the ActionID
/// of other sessions.
/// </summary>
internal sealed class AmiPendingTable
{
    private readonly ConcurrentDictionary<long, AmiPendingAction> _actions = new();
    private readonly byte[] _prefix;
    private readonly Lock _gate = new();
    private Exception? _closed;
    private long _lastId;

    public AmiPendingTable(string prefix)
    {
        Prefix = prefix;
        _prefix = Encoding.ASCII.GetBytes(prefix);
    }

    public string Prefix { get; }

    /// <summary>Enters an action under a new number; once the connection has ended it fails at once.</summary>
    public long Add(AmiPendingAction action)
    {
        lock (_gate)
        {
            var id = ++_lastId;
            if (_closed is not null)
            {
                action.Fail(_closed);
            }
            else
            {
                _actions[id] = action;
            }

            return id;
        }
    }

    public void Remove(long id) => _actions.TryRemove(id, out _);

    /// <summary>Whether an ActionID is one of this connection, and the action if it still waits.</summary>
    public bool IsOurs(ReadOnlySpan<byte> actionId, out AmiPendingAction? action)
    {
        action = null;
        if (!actionId.StartsWith(_prefix) || !Utf8Parser.TryParse(actionId[_prefix.Length..], out long id, out var used)
            || used != actionId.Length - _prefix.Length)
        {
            return false;
        }

        _actions.TryGetValue(id, out action);
        return true;
    }

    /// <summary>The longest time any action may still take, at least <paramref name="atLeast"/>.</summary>
    public TimeSpan LongestWait(TimeSpan atLeast)
    {
        foreach (var (_, action) in _actions)
        {
            atLeast = action.Remaining > atLeast ? action.Remaining : atLeast;
        }

        return atLeast;
    }

    /// <summary>Fails everything that waits, and everything that will come.</summary>
    public void Close(Exception reason)
    {
        lock (_gate)
        {
            _closed ??= reason;
        }

        foreach (var (id, action) in _actions)
        {
            action.Fail(reason);
            Remove(id);
        }
    }
}
