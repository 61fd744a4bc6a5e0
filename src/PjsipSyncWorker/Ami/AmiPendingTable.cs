using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// The actions in flight, by the number in their ActionID. Each connection has its own prefix, because events may have the ActionID of
/// another session.
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

    /// <summary>Adds an action under a new number. Fails the action at once if the connection has ended.</summary>
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

    /// <summary>Whether an ActionID belongs to this connection; also returns the action if it is still in flight.</summary>
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

    /// <summary>Returns the longest time that an action in flight may still take, at least <paramref name="atLeast"/>.</summary>
    public TimeSpan LongestWait(TimeSpan atLeast)
    {
        foreach (var (_, action) in _actions)
        {
            atLeast = action.Remaining > atLeast ? action.Remaining : atLeast;
        }

        return atLeast;
    }

    /// <summary>Fails all actions in flight and all later ones.</summary>
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
