using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>One run of SIPp.</summary>
internal sealed class SipRun : IAsyncDisposable
{
    /// <summary>
    /// How long a phone waits after a response that was not the final one. Without a response SIPp repeats a request for 32 s.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly RealAsterisk _asterisk;
    private readonly string _name;
    private readonly int _port;
    private readonly int _controlPort = Ports.Next();
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    public SipRun(RealAsterisk asterisk, string name, int port, IEnumerable<string> arguments)
    {
        (_asterisk, _name, _port) = (asterisk, name, port);
        _process = asterisk.StartSipp(
        [
            $"127.0.0.1:{asterisk.SipPort}", "-sf", $"{name}.xml", "-i", "127.0.0.1", "-p", $"{port}", "-mp", $"{Ports.Next()}",
            "-ci", "127.0.0.1", "-cp", $"{_controlPort}", "-nostdin", "-recv_timeout", $"{Patience.TotalMilliseconds:0}",
            "-trace_stat", "-stf", $"{name}.stat", "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
            "-trace_err", "-error_file", $"{name}.errors", .. arguments,
        ]);
        (_output, _errors) = (_process.StandardOutput.ReadToEndAsync(), _process.StandardError.ReadToEndAsync());
    }

    /// <summary>Waits until SIPp can be called.</summary>
    public async Task ListensAsync()
    {
        while (IPGlobalProperties.GetIPGlobalProperties().GetActiveUdpListeners().All(listener => listener.Port != _port))
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"SIPp ended with {_process.ExitCode}: {await _output}{await _errors}");
            await Task.Delay(20);
        }
    }

    /// <summary>Begins no further call and waits for those that are open.</summary>
    public async Task<SipResult> StopAsync()
    {
        using var control = new UdpClient();
        await control.SendAsync("q"u8.ToArray(), new IPEndPoint(IPAddress.Loopback, _controlPort));
        return await EndAsync();
    }

    /// <summary>Waits until all calls that were asked for are over.</summary>
    public async Task<SipResult> EndAsync()
    {
        await _process.WaitForExitAsync();
        // 0: all calls succeeded, 1: some failed, 97 and 99: stopped by its control port, with and without calls.
        if (_process.ExitCode is not (0 or 1 or 97 or 99))
            throw new InvalidOperationException($"SIPp ended with {_process.ExitCode}: {await _output}{await _errors}");
        // There is none when no call has succeeded.
        var times = (await _asterisk.FilesAsync())
            .FirstOrDefault(file => file.Contains(_name, StringComparison.Ordinal) && file.EndsWith("_rtt.csv", StringComparison.Ordinal));
        var result = SipResult.Parse(await _asterisk.ReadAsync($"sip/{_name}.stat"), times is null ? "" : await _asterisk.ReadAsync(times));
        if (result.Failed > 0)
        {
            var errors = (await _asterisk.ReadAsync($"sip/{_name}.errors")).Split('\n');
            Console.Error.WriteLine(
                $"{result.Failed} of SIPp's calls failed; the first thing it complains of: {errors.ElementAtOrDefault(1)}");
        }
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
