using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>
/// Many phones behind one UDP socket. Each registers, answers calls at once, and calls. Requests are repeated as RFC 3261 says, for
/// 32 seconds.
/// </summary>
internal sealed class SipFleet : IDisposable
{
    private static readonly TimeSpan GivesUp = TimeSpan.FromSeconds(32);

    private readonly UdpClient _socket;
    private readonly IPEndPoint _server;
    private readonly string _address;
    private readonly Task _receiving;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, Transaction> _open = new();
    private readonly ConcurrentDictionary<string, byte> _ended = new();
    private int _number;

    /// <param name="address">The address of the phones.</param>
    /// <param name="serverPort">The server's port on 127.0.0.1.</param>
    public SipFleet(string address, int port, int serverPort)
    {
        _socket = new UdpClient(new IPEndPoint(IPAddress.Parse(address), port));
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _address = $"{address}:{port}";
        _receiving = ReceiveAsync();
    }

    /// <summary>Address and port of the phones.</summary>
    public string Address => _address;

    /// <summary>Whether a firewall drops what the phones send.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Number of calls that reached the phones.</summary>
    public int Answered { get; private set; }

    /// <summary>Registers a phone or refreshes its registration.</summary>
    /// <returns>The last status; 0: there was no answer.</returns>
    public async Task<int> RegisterAsync(string user, string password, int expires)
    {
        var uri = $"sip:127.0.0.1:{_server.Port}";
        var dialog = new Dialog($"r-{user}-{_address}", user, user, $"<{uri.Replace("sip:", $"sip:{user}@", StringComparison.Ordinal)}>");
        var answer = await RequestAsync("REGISTER", uri, dialog, password, $"Expires: {expires}\r\n", "");
        return answer?.Status ?? 0;
    }

    /// <summary>Calls, talks for a time, and hangs up.</summary>
    /// <param name="password">Null: a call without a login, as a carrier makes it.</param>
    public async Task<SipCall> CallAsync(string caller, string? password, string callee, Task hangUp)
    {
        var begin = Stopwatch.GetTimestamp();
        var uri = $"sip:{callee}@127.0.0.1:{_server.Port}";
        var dialog = new Dialog($"c-{Guid.NewGuid():N}", caller, $"{Interlocked.Increment(ref _number)}", $"<{uri}>");
        var answer = await RequestAsync("INVITE", uri, dialog, password, "Content-Type: application/sdp\r\n", Offer());
        var waited = Stopwatch.GetElapsedTime(begin);
        if (answer is not { Status: 200 })
            return new SipCall(answer?.Status ?? 0, waited, EndedByItself: true);
        dialog = dialog with { To = answer["To"] };
        await SendAsync(Request("ACK", answer.ContactUri, dialog, answer["CSeq"].Split(' ')[0], "", ""));
        await hangUp;
        if (_ended.TryRemove(dialog.CallId, out _))
            return new SipCall(200, waited, EndedByItself: true);
        var ended = await RequestAsync("BYE", answer.ContactUri, dialog, null, "", "");
        return new SipCall(ended?.Status ?? 0, waited, EndedByItself: false);
    }

    public void Dispose()
    {
        _end.Cancel();
        _socket.Dispose();
        _receiving.ContinueWith(_ => _end.Dispose(), TaskScheduler.Default);
    }

    /// <summary>
    /// Sends a request, and once more with a login when it is challenged. Does so again when the server does not know the challenge any
    /// more, as after its restart (RFC 7616: stale).
    /// </summary>
    private async Task<SipMessage?> RequestAsync(string method, string uri, Dialog dialog, string? password, string more, string body)
    {
        var answer = await TransactAsync(method, uri, dialog, more, body);
        if (answer is { Status: 401 } && password is not null)
            answer = await LogInAsync(answer);
        return answer is { Status: 401, IsStale: true } && password is not null ? await LogInAsync(answer) : answer;

        Task<SipMessage?> LogInAsync(SipMessage challenge) =>
            TransactAsync(method, uri, dialog, more + challenge.Authorization(method, uri, dialog.User, password), body);
    }

    private async Task<SipMessage?> TransactAsync(string method, string uri, Dialog dialog, string more, string body)
    {
        var sequence = $"{Interlocked.Increment(ref _number)}";
        var text = Request(method, uri, dialog, sequence, more, body);
        var transaction = new Transaction();
        var key = $"{dialog.CallId} {sequence} {method}";
        _open[key] = transaction;
        var (begin, wait) = (Stopwatch.GetTimestamp(), TimeSpan.FromMilliseconds(500));
        while (!transaction.Final.Task.IsCompleted && Stopwatch.GetElapsedTime(begin) < GivesUp)
        {
            if (!transaction.IsProceeding)
                await SendAsync(text);
            await Task.WhenAny(transaction.Final.Task, Task.Delay(wait));
            wait = wait * 2 < TimeSpan.FromSeconds(4) ? wait * 2 : TimeSpan.FromSeconds(4);
        }
        _open.TryRemove(key, out _);
        if (!transaction.Final.Task.IsCompleted)
            return null;
        var answer = await transaction.Final.Task;
        if (method == "INVITE" && answer.Status >= 300)
            await SendAsync(Request("ACK", uri, dialog with { To = answer["To"] }, sequence, "", "", answer["Via"]));
        return answer;
    }

    private string Request(string method, string uri, Dialog dialog, string sequence, string more, string body, string? via = null) =>
        $"{method} {uri} SIP/2.0\r\nVia: {via ?? $"SIP/2.0/UDP {_address};rport;branch=z9hG4bK{Guid.NewGuid():N}"}\r\nMax-Forwards: 70\r\n"
        + $"From: <sip:{dialog.User}@127.0.0.1:{_server.Port}>;tag={dialog.Tag}\r\nTo: {dialog.To}\r\nCall-ID: {dialog.CallId}\r\n"
        + $"CSeq: {sequence} {method}\r\nContact: <sip:{dialog.User}@{_address}>\r\n{more}Content-Length: {body.Length}\r\n\r\n{body}";

    private async Task ReceiveAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            UdpReceiveResult datagram;
            try
            {
                datagram = await _socket.ReceiveAsync(_end.Token);
            }
            catch (SocketException)
            {
                // Nobody listens at the server's port: it is being restarted.
                continue;
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            var message = new SipMessage(Encoding.UTF8.GetString(datagram.Buffer));
            if (message.Status == 0)
                await AnswerAsync(message);
            else if (_open.TryGetValue($"{message["Call-ID"]} {message["CSeq"]}", out var transaction))
                transaction.Take(message);
        }
    }

    private async Task AnswerAsync(SipMessage request)
    {
        var contact = $"Contact: <sip:{request.User}@{_address}>\r\n";
        if (request.Method == "INVITE")
        {
            Answered++;
            await SendAsync(request.Answer("180 Ringing", "t", contact));
            await SendAsync(request.Answer("200 OK", "t", contact + "Content-Type: application/sdp\r\n", Offer()));
        }
        else if (request.Method == "BYE")
        {
            _ended[request["Call-ID"]] = 0;
            await SendAsync(request.Answer("200 OK", "t"));
        }
        else if (request.Method is not "ACK")
        {
            await SendAsync(request.Answer("200 OK", "t", contact));
        }
    }

    private string Offer() => $"v=0\r\no=phone 1 1 IN IP4 {_address.Split(':')[0]}\r\ns=-\r\nc=IN IP4 {_address.Split(':')[0]}\r\nt=0 0\r\n"
        + "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

    private async Task SendAsync(string text)
    {
        if (!IsHeld)
            await _socket.SendAsync(Encoding.UTF8.GetBytes(text), _server);
    }

    private sealed record Dialog(string CallId, string User, string Tag, string To);

    private sealed class Transaction
    {
        public TaskCompletionSource<SipMessage> Final { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsProceeding { get; private set; }

        public void Take(SipMessage answer)
        {
            IsProceeding = true;
            if (answer.Status >= 200)
                Final.TrySetResult(answer);
        }
    }
}

/// <summary>A call that is over.</summary>
/// <param name="Status">The last status; 0: there was no answer.</param>
/// <param name="Waited">Time from the first INVITE to the answer.</param>
/// <param name="EndedByItself">Whether it ended before the caller hung up.</param>
internal sealed record SipCall(int Status, TimeSpan Waited, bool EndedByItself);
