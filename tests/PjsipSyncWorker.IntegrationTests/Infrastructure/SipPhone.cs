namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>A phone: SIPp with a user, a password and a loopback address of its own.</summary>
internal sealed class SipPhone(AsteriskServer asterisk, string user, string password, string address = "127.0.0.11", string? username = null)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private readonly int _port = Ports.Next();
    private readonly int _mediaPort = Ports.Next();

    public string Address => address;

    private bool Ipv6 => address.Contains(':', StringComparison.Ordinal);

    public string Uri => $"sip:{user}@{address}:{_port}";

    /// <returns>Whether Asterisk accepted it.</returns>
    public async Task<bool> RegisterAsync(int expires = 300) => await RunAsync("register.xml", "-key", "expires", expires.ToString(System.Globalization.CultureInfo.InvariantCulture)) == 0;

    public Task<bool> UnregisterAsync() => RegisterAsync(0);

    /// <summary>Waits for one call, answers it, and ends when it ends.</summary>
    public async Task<bool> AnswerAsync() => await RunAsync("answer.xml", "-aa") == 0;

    /// <returns>Whether the call was answered and ended as it should.</returns>
    public async Task<bool> CallAsync(string number) => await RunAsync("call.xml", "-key", "callee", number) == 0;

    /// <summary>SIPp looks for [keywords] in a password, and knows \xNN.</summary>
    private static string Literally(string text) =>
        text.Replace("\\", "\\x5C", StringComparison.Ordinal).Replace("[", "\\x5B", StringComparison.Ordinal);

    private async Task<int> RunAsync(string scenario, params string[] arguments)
    {
        var (exitCode, _) = await Repository.RunAsync(Repository.Script("asterisk.sh"),
        [
            "sipp", asterisk.Name, $"{(Ipv6 ? "[::1]" : "127.0.0.1")}:{asterisk.SipPort}", "-sf", scenario, "-s", user, "-au", username ?? user, "-ap", Literally(password),
            "-i", address, "-p", $"{_port}", "-mp", $"{_mediaPort}", "-m", "1", "-nostdin", "-timeout", "15s", "-timeout_error", .. arguments,
        ], Limit);
        return exitCode;
    }
}
