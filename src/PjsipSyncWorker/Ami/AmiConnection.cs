using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>Receives events that no action waits for, on the reading loop, in the order Asterisk sent them.</summary>
public interface IAmiEventSink
{
    /// <summary>Valid only during the call, which must not wait for anything.</summary>
    void OnEvent(AmiMessage message);
}

/// <summary>One logged-in session of the manager interface.</summary>
public sealed class AmiConnection : IAsyncDisposable, IAmiMessageHandler
{
    private readonly AmiOptions _options;
    private readonly IAmiEventSink _handler;
    private readonly TimeProvider _time;
    private readonly Stream _stream;
    private readonly PendingActions _pending;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<string> _banner = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _fullyBooted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastHeard;
    private bool _shutdown;

    private AmiConnection(Stream stream, AmiOptions options, IAmiEventSink handler, TimeProvider time)
    {
        (_stream, _options, _handler, _time) = (stream, options, handler, time);
        _pending = new PendingActions(time, options.ResponseTimeout);
        _lastHeard = time.GetTimestamp();
        Completion = RunAsync();
    }

    /// <summary>Ends, always with an exception, when the connection does.</summary>
    public Task Completion { get; }

    /// <summary>Asterisk is up with all its modules; before that PJSIP does not exist for AMI.</summary>
    public Task FullyBooted => _fullyBooted.Task;

    /// <summary>Connects, logs in by MD5 challenge and sets the event filter.</summary>
    /// <exception cref="AmiException">Its subclasses say what went wrong; none of them holds the secret.</exception>
    public static async Task<AmiConnection> ConnectAsync(
        AmiOptions options, IAmiEventSink handler, TimeProvider time, CancellationToken cancellation)
    {
        var stream = await AmiTransport.OpenAsync(options, cancellation);
        var connection = new AmiConnection(stream, options, handler, time);
        try
        {
            await connection.LoginAsync(cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends an action and waits for its response; <c>Response: Error</c> is returned, not thrown.</summary>
    /// <exception cref="AmiException">No answer in time, or the connection is gone.</exception>
    public Task<AmiResponse> SendAsync(AmiAction action, CancellationToken cancellation) => SendAsync(action, null, cancellation);

    /// <summary>The same for an action that answers with a list: the items come first, then the task ends.</summary>
    /// <exception cref="AmiException">The list was cut off: nothing of it counts.</exception>
    public Task<AmiResponse> SendListAsync(AmiAction action, AmiItemHandler onItem, CancellationToken cancellation) => SendAsync(action, onItem, cancellation);

    /// <summary>Says goodbye, without waiting long for an answer.</summary>
    public async Task LogoffAsync()
    {
        try
        {
            await SendAsync(new AmiAction("Logoff"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(1), _time);
        }
        catch (Exception error) when (error is AmiException or TimeoutException)
        {
            // Gone already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _stream.DisposeAsync();
        await Completion.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _closing.Dispose();
        _writing.Dispose();
    }

    void IAmiMessageHandler.OnBanner(string banner) => _banner.TrySetResult(banner);

    void IAmiMessageHandler.OnMessage(AmiMessage message)
    {
        if (_pending.Receive(message) || !message.IsEvent)
            return;
        var name = message.Event;
        if (Ascii.EqualsIgnoreCase(name, "FullyBooted"u8))
            _fullyBooted.TrySetResult();
        else if (Ascii.EqualsIgnoreCase(name, "Shutdown"u8))
            _shutdown = true;
        _handler.OnEvent(message);
    }

    private async Task LoginAsync(CancellationToken cancellation)
    {
        var banner = await BannerAsync(cancellation);
        if (!banner.StartsWith("Asterisk Call Manager", StringComparison.Ordinal))
            throw new AmiProtocolException($"{_options.Host}:{_options.Port} is not Asterisk's manager interface: it did not begin with «Asterisk Call Manager»");

        var challenge = await SendAsync(new AmiAction("Challenge").With("AuthType", "MD5"), cancellation);
        if (challenge.IsError || challenge["Challenge"] is not { } salt)
            throw new AmiAuthenticationException($"Asterisk gives no login challenge: {challenge.Message}");
        var login = await SendAsync(new AmiAction("Login")
            .With("AuthType", "MD5").With("Username", _options.Username).With("Key", Answer(salt, _options.Secret)), cancellation);
        if (login.IsError)
            throw new AmiAuthenticationException($"Asterisk refuses the login of {_options.Username}: {login.Message} (user, secret, or permit and deny in manager.conf)");
        foreach (var name in _options.Events)
        {
            var filter = await SendAsync(new AmiAction("Filter").With("Operation", "Add").With("Filter", $"Event: {name}"), cancellation);
            if (filter.IsError)
                throw new AmiAuthenticationException($"Asterisk refuses an event filter: {filter.Message} (the user {_options.Username} needs write = system in manager.conf)");
        }
    }

    private async Task<string> BannerAsync(CancellationToken cancellation)
    {
        try
        {
            var first = await Task.WhenAny(_banner.Task, Completion).WaitAsync(_options.ConnectTimeout, _time, cancellation);
            await first;
            return await _banner.Task;
        }
        catch (TimeoutException)
        {
            throw new AmiTimeoutException($"{_options.Host}:{_options.Port} accepts connections but says nothing: is it Asterisk's manager interface?");
        }
    }

    [SuppressMessage("Security", "CA5351", Justification = "The manager interface knows no other challenge")]
    private static string Answer(string salt, string secret) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(salt + secret)));

    private async Task<AmiResponse> SendAsync(AmiAction action, AmiItemHandler? onItem, CancellationToken cancellation)
    {
        if (Completion.IsCompleted)
            await Completion;
        var (id, pending) = _pending.Add(onItem);
        try
        {
            var bytes = action.Encode(id);
            await _writing.WaitAsync(cancellation);
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
                limit.CancelAfter(_options.ResponseTimeout);
                await _stream.WriteAsync(bytes, limit.Token);
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException || error is OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                throw new AmiException($"{action.Name} could not be sent: {error.Message}", error);
            }
            finally
            {
                _writing.Release();
            }
            // What arrives when the loop has ended fails here and not by waiting.
            if (Completion.IsCompleted)
                await Completion;
            return await pending.Answer.WaitAsync(cancellation);
        }
        finally
        {
            _pending.Forget(id);
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        using var session = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        var reading = ReadAsync(session.Token);
        var watching = WatchAsync(session.Token);
        var ended = await Task.WhenAny(reading, watching);
        await session.CancelAsync();
        Exception reason = ended.Exception?.InnerException switch
        {
            AmiException known => known,
            { } error => new AmiException($"The connection to {_options.Host}:{_options.Port} broke: {error.Message}", error),
            _ => new AmiException("The connection was closed"),
        };
        _pending.FailAll(reason);
        await Task.WhenAll(reading, watching).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        throw reason;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        var reader = new AmiReader(_options.MaxLineBytes, _options.MaxMessageBytes);
        while (true)
        {
            var count = await _stream.ReadAsync(reader.Free(), cancellation);
            if (count == 0)
                throw new AmiException(_shutdown ? "Asterisk shuts down" : "Asterisk closed the connection");
            Volatile.Write(ref _lastHeard, _time.GetTimestamp());
            reader.Advance(count, this);
        }
    }

    /// <summary>Notices silence: actions without an answer, and a peer that is gone without having said so.</summary>
    private async Task WatchAsync(CancellationToken cancellation)
    {
        var step = TimeSpan.FromTicks(Math.Min(_options.PingInterval.Ticks, _options.ResponseTimeout.Ticks) / 4);
        Task<AmiResponse>? ping = null;
        while (true)
        {
            await Task.Delay(step, _time, cancellation);
            _pending.Expire();
            if (ping is { IsFaulted: true })
                throw new AmiTimeoutException($"Asterisk has been silent for {_time.GetElapsedTime(Volatile.Read(ref _lastHeard)).TotalSeconds:0} s and does not answer a Ping");
            if (ping is { IsCompleted: true })
                ping = null;
            if (ping is null && _time.GetElapsedTime(Volatile.Read(ref _lastHeard)) >= _options.PingInterval && _fullyBooted.Task.IsCompleted)
                ping = SendAsync(new AmiAction("Ping"), cancellation);
        }
    }
}
