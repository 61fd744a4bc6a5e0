namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A phone: SIPp with a user, a password and a loopback address of its own.</summary>
internal sealed class SipPhone(AsteriskServer asterisk, string user, string password, string address = "127.0.0.11",
    string? username = null)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private const string SomebodyAbroad = "+33612345678";

    private readonly int _port = Ports.Next();
    private string[] _transport = [];
    private readonly int _mediaPort = Ports.Next();
    private int _serverPort = asterisk.SipPort;

    public string Address => address;

    private bool Ipv6 => address.Contains(':', StringComparison.Ordinal);

    public string Uri => $"sip:{user}@{address}:{_port}";

    /// <summary>Uses TLS and another port of the server from now on.</summary>
    public void UseTls(int port, string certificateFile, string keyFile) =>
        (_serverPort, _transport) = (port, ["-t", "l1", "-tls_cert", certificateFile, "-tls_key", keyFile]);

    /// <returns>Whether Asterisk accepted the registration.</returns>
    public async Task<bool> RegisterAsync(int expires = 300) =>
        await RunAsync("register.xml", "-key", "expires", expires.ToString(System.Globalization.CultureInfo.InvariantCulture)) == 0;

    /// <summary>Registers under a contact whose user is not the phone's.</summary>
    public async Task<bool> RegisterAsAsync(string contactUser, string userAgent = "SIPp") =>
        await RunAsync("register-as.xml", "-key", "contact", contactUser, "-key", "agent", userAgent) == 0;

    /// <summary>Registers.</summary>
    /// <returns>The numbers of new and old messages that the phone is told, such as <c>1/0</c>.</returns>
    public async Task<string> MessagesAsync()
    {
        var messages = await TracedAsync("messages.xml");
        return messages.Split('\n').First(line => line.StartsWith("Voice-Message:", StringComparison.Ordinal)).Split(' ')[1];
    }

    /// <summary>Subscribes to the messages of an extension.</summary>
    /// <returns>Whether the phone was told of them.</returns>
    public async Task<bool> SubscribeMessagesAsync(string number) =>
        await RunAsync("subscribe-messages.xml", "-key", "callee", number) == 0;

    public Task<bool> UnregisterAsync() => RegisterAsync(0);

    /// <summary>Waits for one call, answers it, and returns when the call ends. Answers OPTIONS meanwhile.</summary>
    /// <param name="seconds">How long the phone waits at most.</param>
    public async Task<bool> AnswerAsync(int seconds = 15) => await RunAsync("answer.xml", "-aa", "-timeout", $"{seconds}s") == 0;

    /// <summary>Waits for one call as <see cref="AnswerAsync"/> does, and answers it after it has rung for so long.</summary>
    public async Task<bool> RingAndAnswerAsync(TimeSpan ringing) =>
        await RunAsync("answer.xml", "-aa", "-d", $"{ringing.TotalMilliseconds:0}", "-timeout", "35s") == 0;

    /// <summary>Rejects one call as busy.</summary>
    public Task BusyAsync() => RunAsync("busy.xml");

    /// <summary>Calls, and sends audio for so long after the answer.</summary>
    public async Task<bool> SpeakAsync(string number, TimeSpan time) =>
        await RunAsync("speak.xml", "-key", "callee", number, "-d", $"{time.TotalMilliseconds:0}", "-timeout", "35s") == 0;

    /// <summary>Waits for one call as <see cref="AnswerAsync"/> does.</summary>
    /// <returns>The number that was called.</returns>
    public async Task<string> AnswerNumberAsync()
    {
        var messages = await TracedAsync("answer.xml", "-aa");
        return messages.Split('\n').First(line => line.StartsWith("INVITE sip:",
            StringComparison.Ordinal))["INVITE sip:".Length..].Split('@')[0];
    }

    /// <summary>Waits for one call as <see cref="AnswerAsync"/> does.</summary>
    /// <returns>The number that calls, as a phone would call it back.</returns>
    public async Task<string> AnswerCallerAsync()
    {
        var messages = await TracedAsync("answer.xml", "-aa");
        return messages.Split('\n').First(line => line.StartsWith("From:", StringComparison.Ordinal)).Split("<sip:")[1].Split('@')[0];
    }

    /// <summary>Calls as a carrier, which Asterisk knows by its address.</summary>
    /// <returns>Whether the call was answered.</returns>
    public async Task<bool> BringCallAsync(string number, string caller = SomebodyAbroad) =>
        await RunAsync("carrier-call.xml", "-key", "callee", number, "-key", "caller", caller) == 0;

    /// <summary>Calls as a carrier.</summary>
    /// <returns>Whether Asterisk answered that the number does not exist.</returns>
    public async Task<bool> IsRefusedAsync(string number) =>
        await RunAsync("carrier-refused.xml", "-key", "callee", number, "-key", "caller", SomebodyAbroad) == 0;

    /// <summary>Watches an extension's lamp until it changes.</summary>
    /// <returns>The states that were shown (RFC 4235: terminated is at rest, early is ringing).</returns>
    public async Task<List<string>> WatchAsync(string number)
    {
        var messages = await TracedAsync("watch.xml", "-key", "callee", number);
        return [.. messages.Split('\n').Where(line => line.Contains("<state>", StringComparison.Ordinal))
            .Select(line => line.Split("<state>")[1].Split('<')[0])];
    }

    /// <returns>Whether the call was answered and ended as it should.</returns>
    public async Task<bool> CallAsync(string number) => await RunAsync("call.xml", "-key", "callee", number) == 0;

    /// <summary>SIPp replaces [keywords] in a password, and reads \xNN as a character.</summary>
    private static string Literally(string text) =>
        text.Replace("\\", "\\x5C", StringComparison.Ordinal).Replace("[", "\\x5B", StringComparison.Ordinal);

    /// <returns>Every message that was sent and received.</returns>
    private async Task<string> TracedAsync(string scenario, params string[] arguments)
    {
        var file = $"log/{Guid.NewGuid():N}";
        await RunAsync(scenario, [.. arguments, "-trace_msg", "-message_file", $"/srv/{asterisk.Name}/{file}"]);
        return await asterisk.ReadAsync(file);
    }

    private async Task<int> RunAsync(string scenario, params string[] arguments)
    {
        var (exitCode, _) = await Repository.RunAsync(Repository.Script("asterisk.sh"),
        [
            "sipp", asterisk.Name, $"{(Ipv6 ? "[::1]" : "127.0.0.1")}:{_serverPort}", "-sf", scenario,
            "-s", user, "-au", username ?? user, "-ap", Literally(password),
            "-i", address, "-p", $"{_port}", "-mp", $"{_mediaPort}", "-m", "1", "-nostdin",
            "-timeout", "15s", "-timeout_error", .. _transport, .. arguments,
        ], Limit);
        return exitCode;
    }
}
