using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>An action as the fake server received it.</summary>
internal sealed record FakeAction(string Name, string Id, IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// An AMI server on loopback that a test controls. It greets and checks the login by itself. The first client receives
/// the events; later clients receive only answers.
/// </summary>
internal sealed class FakeAmi : IAsyncDisposable
{
    public const string Secret = "s3cret-of-the-fake";
    private const string Salt = "515286096";
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _speaking = new(1);
    private readonly Task _running;
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeAmi()
    {
        _listener.Start();
        _running = Task.Run(RunAsync);
    }

    public string Greeting { get; init; } = "Asterisk Call Manager/11.0.0\r\n";

    public X509Certificate2? Certificate { get; init; }

    /// <summary>Returns the answer to an action after the login; null: no answer.</summary>
    public Func<FakeAction, string?> Answer { get; set; } = action => action.Name is "Ping" or "Filter" ? Success(action) : null;

    public Func<FakeAction, string?>? AnswerLogin { get; init; }

    public ConcurrentQueue<FakeAction> Received { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static string Success(FakeAction action, string more = "") => $"Response: Success\r\nActionID: {action.Id}\r\n{more}\r\n";

    public static string Error(FakeAction action, string message) =>
        $"Response: Error\r\nActionID: {action.Id}\r\nMessage: {message}\r\n\r\n";

    public AmiOptions Options(string secret = Secret) => new() { Host = "127.0.0.1", Port = Port, Username = "tester", Secret = secret };

    public Task SayAsync(string text) => SayAsync(() => text);

    /// <summary>The text is computed when its turn comes, so that answers and events have one order.</summary>
    public async Task SayAsync(Func<string?> text) => await SayAsync(await _stream.Task, text);

    private async Task SayAsync(Stream stream, Func<string?> text)
    {
        await _speaking.WaitAsync(_stop.Token);
        try
        {
            if (text() is { Length: > 0 } words)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(words), _stop.Token);
            }
        }
        finally
        {
            _speaking.Release();
        }
    }

    public async Task HangUpAsync() => await (await _stream.Task).DisposeAsync();

    public async Task<FakeAction> ActionAsync(string name, int nth = 1)
    {
        await Eventually.True(() => Received.Count(action => action.Name == name) >= nth, $"action {name}");
        return Received.Where(action => action.Name == name).ElementAt(nth - 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        _stop.Dispose();
        _speaking.Dispose();
    }

    private async Task RunAsync()
    {
        var conversations = new List<Task>();
        try
        {
            while (true)
            {
                conversations.Add(TalkAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException
            || exception is InvalidOperationException && _stop.IsCancellationRequested)
        {
            // The test has ended, perhaps before a client connected.
        }

        await Task.WhenAll(conversations);
    }

    private async Task TalkAsync(TcpClient client)
    {
        using var talking = client;
        try
        {
            Stream stream = client.GetStream();
            if (Certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
                stream = secure;
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(Greeting), _stop.Token);
            _stream.TrySetResult(stream);
            await ServeAsync(stream);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException
            or System.Security.Authentication.AuthenticationException or SocketException
            || exception is InvalidOperationException && _stop.IsCancellationRequested)
        {
            // The client has disconnected, or the test has ended.
        }
    }

    private async Task ServeAsync(Stream stream)
    {
        using var lines = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        Dictionary<string, string> headers = [];
        while (await lines.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line.Length > 0)
            {
                if (line.Split(": ", 2) is [var key, var value])
                {
                    headers[key] = value;
                }

                continue;
            }

            if (headers.Count == 0)
            {
                continue;
            }

            var action = new FakeAction(headers["Action"], headers["ActionID"], headers);
            headers = [];
            Received.Enqueue(action);
            await SayAsync(stream, () => LoginAnswer(action) ?? Answer(action));
        }
    }

    private string? LoginAnswer(FakeAction action) => AnswerLogin?.Invoke(action) ?? action.Name switch
    {
        "Challenge" => Success(action, $"Challenge: {Salt}\r\n"),
        "Login" => action.Headers["Username"] == "tester" && action.Headers["Key"] == Key
            ? Success(action, "Message: Authentication accepted\r\n")
            : Error(action, "Authentication failed"),
        _ => null,
    };

#pragma warning disable CA5351 // AMI requires MD5
    private static string Key => string.Concat(MD5.HashData(Encoding.UTF8.GetBytes(Salt + Secret))
        .Select(value => value.ToString("x2", CultureInfo.InvariantCulture)));
#pragma warning restore CA5351
}
