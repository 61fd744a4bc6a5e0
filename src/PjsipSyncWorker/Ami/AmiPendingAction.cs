using System.Buffers.Text;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>One action that awaits its answer, or the rest of its list.</summary>
/// <remarks>
/// Answers arrive on the read loop, timeouts and cancellations on other threads. All take one lock, so that after the task has ended no
/// item is handled any more, and the caller may discard what its item handler fills.
/// </remarks>
internal sealed class AmiPendingAction(string name, AmiItemHandler? onItem, TimeSpan timeout, TimeProvider time)
{
    /// <summary>Upper bound on the items of one list. It ends a list that a faulty peer never ends.</summary>
    private const int MostItems = 1_000_000;

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<AmiResponse> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _heardAt = time.GetTimestamp();
    private AmiResponse? _listStart;
    private int _items;
    private ITimer? _timer;

    public Task<AmiResponse> Task => _result.Task;

    /// <summary>Whether the action has a list, so that events with its ActionID are items of the list.</summary>
    public bool TakesEvents => onItem is not null;

    /// <summary>The remaining time in which the peer must send something for this action.</summary>
    public TimeSpan Remaining => timeout - time.GetElapsedTime(Volatile.Read(ref _heardAt));

    public void StartTimer()
    {
        lock (_gate)
        {
            if (!_result.Task.IsCompleted)
            {
                _timer = time.CreateTimer(static state => ((AmiPendingAction)state!).OnTimer(), this, timeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void OnResponse(in AmiMessage message)
    {
        lock (_gate)
        {
            Volatile.Write(ref _heardAt, time.GetTimestamp());
            if (_result.Task.IsCompleted || _listStart is not null)
            {
                return;
            }

            var response = new AmiResponse(message);
            if (onItem is null || !response.Success)
            {
                Settle(response, null);
                return;
            }

            _listStart = response;
        }
    }

    public void OnEvent(in AmiMessage message)
    {
        lock (_gate)
        {
            if (_result.Task.IsCompleted || onItem is null)
            {
                return;
            }

            Volatile.Write(ref _heardAt, time.GetTimestamp());
            var list = message.Get("EventList"u8);
            if (Ascii.EqualsIgnoreCase(list, "Complete"u8))
            {
                int? declared = Utf8Parser.TryParse(message.Get("ListItems"u8), out int count, out _) ? count : null;
                Settle((_listStart ?? new AmiResponse(message)).WithItems(_items, declared), null);
            }
            else if (Ascii.EqualsIgnoreCase(list, "cancelled"u8))
            {
                Settle(null, new AmiListCancelledException($"Asterisk cancelled the list of {name} after {_items} items"));
            }
            else if (_items == MostItems)
            {
                Settle(null, new AmiProtocolException($"the list of {name} has more than {MostItems} items"));
            }
            else
            {
                GiveItem(message);
            }
        }
    }

    public void Fail(Exception exception)
    {
        lock (_gate)
        {
            Settle(null, exception);
        }
    }

    public void Cancel(CancellationToken token)
    {
        lock (_gate)
        {
            _result.TrySetCanceled(token);
            _timer?.Dispose();
        }
    }

    private void GiveItem(in AmiMessage message)
    {
#pragma warning disable CA1031 // An exception of the item handler fails its action and not the read loop.
        try
        {
            onItem!(message);
            _items++;
        }
        catch (Exception exception)
        {
            Settle(null, exception);
        }
#pragma warning restore CA1031
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_result.Task.IsCompleted)
            {
                return;
            }

            // An item only notes the time. The timer is set again when it fires too early, instead of for each of ten thousand items.
            var remaining = Remaining;
            if (remaining > TimeSpan.Zero)
            {
                _timer?.Change(remaining, Timeout.InfiniteTimeSpan);
                return;
            }

            Settle(null, new AmiTimeoutException(_listStart is null
                ? $"Asterisk did not answer {name} within {timeout.TotalSeconds:0.###} s"
                : $"the list of {name} broke off after {_items} items: nothing came for {timeout.TotalSeconds:0.###} s"));
        }
    }

    private void Settle(AmiResponse? response, Exception? exception)
    {
        if (exception is not null)
        {
            _result.TrySetException(exception);
        }
        else
        {
            _result.TrySetResult(response!);
        }

        _timer?.Dispose();
    }
}
