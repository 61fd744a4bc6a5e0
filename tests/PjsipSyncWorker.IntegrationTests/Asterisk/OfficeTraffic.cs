using System.Collections.Concurrent;
using System.Diagnostics;

namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>
/// Phones of an office that register again and again and call each other all the time. What they see is counted.
/// </summary>
internal sealed class OfficeTraffic(SipFleet fleet, int first, int count) : IAsyncDisposable
{
    private const double CallsPerSecond = 3;
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Talk = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<string> _lost = [];
    private readonly ConcurrentDictionary<int, TimeSpan> _unreachable = new();
    private Task _running = Task.CompletedTask;
    private int _calls;
    private int _registrations;

    /// <summary>Calls and registrations that failed, each with what was seen.</summary>
    public IEnumerable<string> Lost => _lost;

    /// <summary>Number of calls that were made.</summary>
    public int Calls => _calls;

    /// <summary>Number of registrations that were sent after the first one of each phone.</summary>
    public int Registrations => _registrations;

    /// <summary>The longest time that somebody waited for each phone that was called, the longest first.</summary>
    public List<TimeSpan> Waited => [.. _unreachable.Values.OrderDescending()];

    public static string Password(int number) => $"secret{number}";

    /// <summary>Registers every phone once, and begins.</summary>
    public async Task StartAsync()
    {
        foreach (var some in Enumerable.Range(first, count).Chunk(10))
            Assert.All(await Task.WhenAll(some.Select(Register)), status => Assert.Equal(200, status));
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _end.Dispose();
    }

    /// <summary>Begins nothing more, and waits for what is open.</summary>
    public async Task StopAsync()
    {
        await _end.CancelAsync();
        await _running;
    }

    private Task<int> Register(int number) => fleet.RegisterAsync($"{number}", Password(number), expires: 120);

    private async Task RunAsync()
    {
        var (open, clock) = (new List<Task>(), Stopwatch.StartNew());
        while (!_end.IsCancellationRequested)
        {
            while (_calls < clock.Elapsed.TotalSeconds * CallsPerSecond)
                open.Add(CallAsync(_calls++));
            while (_registrations < clock.Elapsed / RefreshEvery * count)
                open.Add(RefreshAsync(first + _registrations++ % count));
            await Task.Delay(20, CancellationToken.None);
        }
        await Task.WhenAll(open);
    }

    private async Task CallAsync(int turn)
    {
        // Each phone calls and is called in turn, never itself.
        var (caller, callee) = (first + turn * 7 % count, first + (turn * 7 + 3) % count);
        var call = await fleet.CallAsync($"{caller}", Password(caller), $"{callee}", Task.Delay(Talk));
        _unreachable.AddOrUpdate(callee, call.Waited, (_, longest) => call.Waited > longest ? call.Waited : longest);
        if (call.Status != 200 || call.EndedByItself)
            _lost.Add($"call {turn} of {caller} to {callee}: {call}");
    }

    private async Task RefreshAsync(int number)
    {
        var status = await Register(number);
        if (status != 200)
            _lost.Add($"registration of {number}: {status}");
    }
}
