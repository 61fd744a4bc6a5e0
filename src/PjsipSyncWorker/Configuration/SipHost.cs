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
        // IPAddress.TryParse takes "[address]:port", too, and drops the port.
        if (text is not (null or ['[', ..]) && IPAddress.TryParse(text, out var address))
            host = new IPEndPoint(address, port);
        else if (IPEndPoint.TryParse(text ?? "", out var given))
            host = given.Port > 0 ? given : new IPEndPoint(given.Address, port);
        else
            host = new IPEndPoint(IPAddress.Any, port);
        return !host.Address.Equals(IPAddress.Any);
    }
}
