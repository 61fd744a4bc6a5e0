using System.Collections.Concurrent;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>Receives the items of an event list, on the reading loop, in order.</summary>
public delegate void AmiItemHandler(AmiMessage item);

/// <summary>The actions that wait for their answer, by ActionID.</summary>
internal sealed class PendingActions(TimeProvider time, TimeSpan limit)
{
    /// <summary>One waiting action.</summary>
    internal sealed class Pending(AmiItemHandler? onItem, long since)
    {
        private readonly TaskCompletionSource<AmiResponse> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private AmiResponse? _response;

        /// <summary>When anything last arrived for it.</summary>
        public long Since { get; private set; } = since;

        public Task<AmiResponse> Answer => _answer.Task;

        /// <returns>Whether the action is over.</returns>
        public bool Receive(AmiMessage message, long now)
        {
            Since = now;
            if (!message.IsEvent)
            {
                _response = message.Copy();
                // A list goes on after "EventList: start"; anything else is all there is.
                if (onItem is not null && !_response.IsError)
                    return false;
                _answer.TrySetResult(_response);
                return true;
            }
            if (onItem is null || _response is null)
                return false;
            if (message.Get("EventList"u8) is { IsEmpty: false } end)
            {
                if (Ascii.EqualsIgnoreCase(end, "Complete"u8))
                    _answer.TrySetResult(_response);
                else
                    _answer.TrySetException(new AmiException("Asterisk broke a list off"));
                return true;
            }
            onItem(message);
            return false;
        }

        public void Fail(Exception reason) => _answer.TrySetException(reason);
    }

    private readonly ConcurrentDictionary<string, Pending> _waiting = new(StringComparer.Ordinal);
    private long _last;

    public (string Id, Pending Action) Add(AmiItemHandler? onItem)
    {
        var id = Interlocked.Increment(ref _last).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return (id, _waiting[id] = new Pending(onItem, time.GetTimestamp()));
    }

    /// <returns>False when nobody waits for this message: it is an event, or an answer too late.</returns>
    public bool Receive(AmiMessage message)
    {
        var id = message.Get("ActionID"u8);
        if (id.IsEmpty || id.Length > 20 || _waiting.IsEmpty)
            return false;
        Span<char> text = stackalloc char[20];
        if (Ascii.ToUtf16(id, text, out var length) != System.Buffers.OperationStatus.Done
            || !_waiting.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text[..length], out var pending))
            return false;
        if (pending.Receive(message, time.GetTimestamp()))
            _waiting.GetAlternateLookup<ReadOnlySpan<char>>().TryRemove(text[..length], out _);
        return true;
    }

    public void Forget(string id) => _waiting.TryRemove(id, out _);

    /// <summary>Ends those that have waited too long.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Expire()
    {
        var any = false;
        foreach (var (id, pending) in _waiting)
        {
            if (time.GetElapsedTime(pending.Since) < limit || !_waiting.TryRemove(id, out _))
                continue;
            pending.Fail(new AmiTimeoutException($"Asterisk did not answer within {limit.TotalSeconds:0} s"));
            any = true;
        }
        return any;
    }

    public void FailAll(Exception reason)
    {
        foreach (var (id, pending) in _waiting)
            if (_waiting.TryRemove(id, out _))
                pending.Fail(reason);
    }
}
