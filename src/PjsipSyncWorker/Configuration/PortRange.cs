using System.Globalization;

namespace PjsipSyncWorker.Configuration;

/// <summary>The first and the last of consecutive ports; both belong to the range.</summary>
internal readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>Reads a range of unprivileged ports, such as <c>10000-20000</c>.</summary>
    public static bool TryParse(string text, out PortRange range)
    {
        range = default;
        if (text.Split('-') is not [var first, var last] || !TryPort(first, out var from) || !TryPort(last, out var to) || from >= to)
            return false;
        range = new PortRange(from, to);
        return true;

        static bool TryPort(string text, out ushort port) =>
            ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port >= 1024;
    }
}
