using System.Net;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// The address at which one Asterisk calls another: <c>192.0.2.7</c>, <c>192.0.2.7:5070</c> or <c>[2001:db8::7]:5070</c>.
/// </summary>
internal static class SipHost
{
    /// <param name="port">The port when the text has none.</param>
    public static bool TryParse(string? text, int port, out IPEndPoint host)
    {
        host = new IPEndPoint(IPAddress.Any, port);
        if (IPAddress.TryParse(text, out var address))
            host = new IPEndPoint(address, port);
        else if (IPEndPoint.TryParse(text ?? "", out var both) && both.Port > 0)
            host = both;
        else
            return false;
        return !host.Address.Equals(IPAddress.Any);
    }
}
