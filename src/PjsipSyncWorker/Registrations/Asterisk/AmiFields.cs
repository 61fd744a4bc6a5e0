using System.Globalization;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>Reads the values of AMI headers. An absurd value reads as an absent one, because a peer may send anything.</summary>
internal static class AmiFields
{
    /// <summary>A day, in microseconds.</summary>
    private const long LongestRoundTrip = 86_400_000_000;

    /// <summary>The end of the year 9999, in seconds since 1970.</summary>
    private const long LatestTime = 253_402_300_799;

    /// <summary>Returns the value of a header; null when the header is missing or empty.</summary>
    public static string? Text(in AmiMessage message, ReadOnlySpan<byte> key) =>
        message.GetString(key) is { Length: > 0 } value ? value : null;

    /// <summary>Returns the endpoint of a device name such as <c>PJSIP/1001</c>; null for the device of another technology.</summary>
    public static string? EndpointOf(string? device) =>
        device is not null && device.StartsWith("PJSIP/", StringComparison.OrdinalIgnoreCase) && device.Length > 6 ? device[6..] : null;

    /// <summary>
    /// Whether the reload of a module made Asterisk read its AORs again: PJSIP itself, or all modules (null or <c>All</c>).
    /// </summary>
    public static bool ReloadsPjsip(string? module) =>
        module is null || module.ToLowerInvariant() is "all" or "res_pjsip" or "res_pjsip.so";

    /// <summary>Reads a round trip in microseconds; null for none, and for more than a day.</summary>
    public static TimeSpan? RoundTrip(ReadOnlySpan<byte> microseconds) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= LongestRoundTrip
            ? TimeSpan.FromMicroseconds(number)
            : null;

    /// <summary>Reads a time in seconds since 1970; null for none, and for a time after the year 9999.</summary>
    public static DateTimeOffset? UnixTime(string? seconds) =>
        long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= LatestTime
            ? DateTimeOffset.FromUnixTimeSeconds(number)
            : null;

    /// <summary>Reads a duration in seconds; null for none, and for one that is absurdly long.</summary>
    public static TimeSpan? Seconds(string seconds) =>
        long.TryParse(seconds, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var number) && number < LatestTime
            ? TimeSpan.FromSeconds(number)
            : null;
}
