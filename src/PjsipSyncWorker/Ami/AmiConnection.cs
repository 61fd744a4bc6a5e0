using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace PjsipSyncWorker.Ami;

/// <summary>
/// One session with one Asterisk: logged in when <see cref="ConnectAsync"/> returns, over when <see cref="Completion"/> ends. It does not
/// reconnect; its owner opens the next one.
/// </summary>
/// <remarks>Thread-safe. Actions are pipelined; Asterisk runs them one after the other.</remarks>
public sealed partial class AmiConnection : IAsyncDisposable
{
    // Ping and Logoff must not wait for a place among the actions that await an answer.
    private const int ReservedPlaces = 8;

    private readonly AmiOptions _options;
    private readonly ILogger _logger;
    private readonly IAmiEventHandler _handler;
    private readonly TimeProvider _time;
    private readonly Stream _stream;
    private readonly AmiPendingTable _pending;
    private readonly AmiDispatcher _dispatcher;
    private readonly AmiReceiver _receiver;
    private readonly AmiWriter _writer;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private volatile bool _loggedIn;
    private volatile bool _leaving;

    private AmiConnection(AmiOptions options, Stream stream, IAmiEventHandler handler, ILogger logger, TimeProvider time)
    {
        _options = options;
        _logger = logger;
        _handler = handler;
        _time = time;
        _stream = stream;
        _places = new SemaphoreSlim(options.MaxPendingActions);
        _pending = new AmiPendingTable(RandomNumberGenerator.GetHexString(8, lowercase: true) + "-");
        _dispatcher = new AmiDispatcher(_pending, handler, logger);
        _receiver = new AmiReceiver(stream, new AmiReader(options.MaxLineBytes, options.MaxMessageBytes), _dispatcher, time);
        _writer = new AmiWriter(stream, _pending.Prefix, options.MaxPendingActions + ReservedPlaces);
    }

    /// <summary>Version of the protocol from the banner, such as <c>11.0.0</c> (Asterisk 22).</summary>
    public string ProtocolVersion { get; private set; } = "";

    /// <summary>
    /// Completes when Asterisk has sent <c>FullyBooted</c>, which it sends right after the login if it is up already. Fails with the
    /// connection. Before this event Asterisk does not know the actions of PJSIP.
    /// </summary>
    public Task FullyBooted => _dispatcher.FullyBooted;

    /// <summary>
    /// True after Asterisk announced its shutdown (event <c>Shutdown</c>). The session whose Command caused the shutdown gets no event.
    /// </summary>
    public bool ShuttingDown => _dispatcher.ShuttingDown;

    /// <summary>
    /// Ends with the connection, after the last event was handled. It completes when this side ended the connection, and fails with an
    /// <see cref="AmiException"/> otherwise.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>Connects, checks the banner, logs in, and sets the event filters.</summary>
    /// <exception cref="AmiConnectionException">No TCP or TLS connection, or it was closed.</exception>
    /// <exception cref="AmiProtocolException">The peer is not AMI.</exception>
    /// <exception cref="AmiTimeoutException">The peer did not connect, greet or answer in time.</exception>
    /// <exception cref="AmiAuthenticationException">User or secret are wrong.</exception>
    /// <exception cref="ArgumentException">An option is missing or out of range.</exception>
    public static async Task<AmiConnection> ConnectAsync(
        AmiOptions options, IAmiEventHandler handler, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        options.Validate();
        var connection = await OpenAsync(options, handler, logger, time, cancellationToken);
        try
        {
            connection._running = connection.RunAsync();
            await new AmiLogin(options, logger).RunAsync(connection, cancellationToken);
            connection._loggedIn = true;
            LogLoggedIn(logger, options.Host, options.Port, options.Username, connection.ProtocolVersion);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends an action and returns its answer. <c>Response: Error</c> is an answer and is not thrown.</summary>
    /// <exception cref="AmiTimeoutException">No answer within <see cref="AmiOptions.ResponseTimeout"/>.</exception>
    /// <exception cref="AmiException">The connection ended.</exception>
    public Task<AmiResponse> SendAsync(AmiAction action, CancellationToken cancellationToken) =>
        SendAsync(action, _options.ResponseTimeout, cancellationToken);

    /// <summary>Sends an action that takes long, with a response timeout of its own (a Reload can take 15 seconds).</summary>
    public Task<AmiResponse> SendAsync(AmiAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        SendInPlaceAsync(action, null, timeout, cancellationToken);

    /// <summary>
    /// Sends an action that answers with a list of events, and passes each event to <paramref name="onItem"/>. Ends with the event that has
    /// <c>EventList: Complete</c>, or with <c>Response: Error</c>, which is an answer and is not thrown. After the task has ended, the
    /// handler is not called any more.
    /// </summary>
    /// <exception cref="AmiTimeoutException">
    /// No answer, or the list broke off: nothing came for <see cref="AmiOptions.ResponseTimeout"/>.
    /// </exception>
    /// <exception cref="AmiListCancelledException">Asterisk cancelled the list.</exception>
    /// <exception cref="AmiException">The connection ended.</exception>
    public Task<AmiResponse> SendListAsync(AmiAction action, AmiItemHandler onItem, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onItem);
        return SendInPlaceAsync(action, onItem, _options.ResponseTimeout, cancellationToken);
    }

    /// <summary>Sends Logoff and ends the connection. Waits for the answer no longer than the response timeout.</summary>
    public async Task LogoffAsync(CancellationToken cancellationToken)
    {
        _leaving = true;
        try
        {
            await SendNowAsync(new AmiAction("Logoff"), null, _options.ResponseTimeout, cancellationToken);
        }
        catch (AmiException)
        {
            // The connection ends without a logoff.
        }
        finally
        {
            await DisposeAsync();
        }
    }

    /// <summary>Ends the connection and waits until the last event was handled. An event handler must not await it.</summary>
    public async ValueTask DisposeAsync()
    {
        _leaving = true;
        await _stop.CancelAsync();
        await _running;
        await _stream.DisposeAsync();
    }
}
