using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Ami;

/// <content>From the opened socket to the end: the three loops, and how actions wait for them.</content>
public sealed partial class AmiConnection
{
    private static async Task<AmiConnection> OpenAsync(
        AmiOptions options, IAmiEventHandler handler, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        using var tooLong = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tooLong.Token, cancellationToken);
        Stream? stream = null;
        try
        {
            if (options is { Tls: true, TlsAllowUntrusted: true })
            {
                LogUntrusted(logger, options.Host, options.Port);
            }

            stream = await AmiTransport.OpenAsync(options, either.Token);
            var connection = new AmiConnection(options, stream, handler, logger, time);
            connection.ProtocolVersion = await connection._receiver.ReadBannerAsync(either.Token);
            return connection;
        }
        catch (Exception exception)
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }

            throw exception switch
            {
                AmiException => exception,
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new AmiTimeoutException(
                    $"{options.Host}:{options.Port} did not {(stream is null ? "connect" : "greet as AMI")} within "
                    + $"{options.ConnectTimeout.TotalSeconds:0.###} s"),
                IOException => new AmiConnectionException(
                    $"the connection to {options.Host}:{options.Port} broke before the greeting", exception),
                _ => exception,
            };
        }
    }

    private async Task RunAsync()
    {
        Task[] loops = [_receiver.RunAsync(_stop.Token), _writer.RunAsync(_stop.Token), KeepAliveAsync()];
        var first = await Task.WhenAny(loops);
        var reason = await ReasonAsync(first);
        await _stop.CancelAsync();
        // Their exceptions are observed here. The first loop that ended gave the reason.
        await Task.WhenAll(loops).ContinueWith(static all => all.Exception, TaskScheduler.Default);
        await _stream.DisposeAsync();
        _pending.Close(reason);
        _dispatcher.Close(reason);
        if (_leaving)
        {
            _completion.SetResult();
            return;
        }

        if (_loggedIn) // before the login ConnectAsync throws the reason
        {
            LogEnded(_logger, _options.Host, _options.Port, reason.Message);
        }

        _completion.SetException(reason);
        _ = _completion.Task.Exception; // observed, in case nothing awaits it
    }

    private async Task<AmiException> ReasonAsync(Task ended)
    {
        try
        {
            await ended;
            return new AmiConnectionException("the connection ended");
        }
        catch (OperationCanceledException)
        {
            return new AmiConnectionException("the connection was closed on this side");
        }
        catch (AmiConnectionException) when (ShuttingDown)
        {
            return new AmiConnectionException("Asterisk shut down");
        }
        catch (AmiException exception)
        {
            return exception;
        }
#pragma warning disable CA1031 // Whatever ends a loop ends the connection, and every pending action must fail with it.
        catch (Exception exception)
        {
            return new AmiConnectionException(ShuttingDown ? "Asterisk shut down" : "the connection broke", exception);
        }
#pragma warning restore CA1031
    }

    /// <summary>Sends a Ping after each silence. Ends by itself only when a Ping gets no answer.</summary>
    private async Task KeepAliveAsync()
    {
        while (true)
        {
            var left = _options.PingInterval - _receiver.Silence;
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, _time, _stop.Token);
                continue;
            }

            // Asterisk answers one action after the other, so a Ping behind a long action waits as long as that action.
            await SendNowAsync(new AmiAction("Ping"), null, _pending.LongestWait(_options.ResponseTimeout), _stop.Token);
        }
    }

    private async Task<AmiResponse> SendInPlaceAsync(
        AmiAction action, AmiItemHandler? onItem, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (!_places.Wait(0, CancellationToken.None))
        {
            await WaitForPlaceAsync(cancellationToken);
        }

        try
        {
            return await SendNowAsync(action, onItem, timeout, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken);
        try
        {
            await _places.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AmiConnectionException("the connection ended before the action was sent");
        }
    }

    private async Task<AmiResponse> SendNowAsync(
        AmiAction action, AmiItemHandler? onItem, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new AmiPendingAction(action.Name, onItem, timeout, _time);
        var begun = _time.GetTimestamp();
        var result = "lost";
        var id = _pending.Add(pending);
        try
        {
            pending.StartTimer();
            await using var cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((AmiPendingAction)state!).Cancel(token), pending);
            if (!_writer.TryPost(action, id, pending))
            {
                pending.Fail(new AmiTimeoutException($"{action.Name} was not sent: Asterisk does not take what is sent to it"));
            }

            var response = await pending.Task;
            result = response.Success ? "success" : "error";
            return response;
        }
        catch (AmiTimeoutException)
        {
            result = "timeout";
            throw;
        }
        finally
        {
            _handler.OnActionEnded(action.Name, result, _time.GetElapsedTime(begun));
            _pending.Remove(id);
        }
    }
}
