using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>A peer, friend or user of chan_sip, with the options of <c>[general]</c> under its own.</summary>
/// <param name="Name">The name of the section, which is also the user name of the phone.</param>
/// <param name="Own">Its own options, with those of its templates.</param>
/// <param name="General">The options of <c>[general]</c>.</param>
/// <param name="Origin">Where a person finds it.</param>
internal sealed record SipPeer(string Name, IReadOnlyList<ConfEntry> Own, IReadOnlyList<ConfEntry> General, string Origin)
{
    /// <summary>Other names that chan_sip takes for an option.</summary>
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["canreinvite"] = "directmedia", ["username"] = "defaultuser", ["sessiontimers"] = "session-timers", ["musiconhold"] = "musicclass",
        ["mohinterpret"] = "musicclass", ["callerpres"] = "callingpres", ["fullname"] = "cid_name",
        ["usecallingpres"] = "callingpres", ["busy-level"] = "busylevel",
    };

    /// <summary>Options of <c>[general]</c> that are no defaults of peers.</summary>
    private static readonly string[] GeneralOnly =
        ["host", "port", "secret", "md5secret", "callerid", "mailbox", "fromuser", "insecure", "type", "defaultuser", "outboundproxy"];

    /// <summary>Returns the name by which this program knows an option.</summary>
    public static string NameOf(string key) => Aliases.GetValueOrDefault(key, key.ToLowerInvariant());

    /// <summary>Returns the value in force; null when neither the peer nor <c>[general]</c> has it.</summary>
    public string? Last(string name) => Find(Own, name) ?? (GeneralOnly.Contains(name) ? null : Find(General, name));

    /// <summary>Returns all values of an option of the peer's own.</summary>
    public IEnumerable<string> All(string name) => Own.Where(option => NameOf(option.Key) == name).Select(option => option.Value);

    /// <summary>Returns whether chan_sip takes an option for true.</summary>
    public bool IsTrue(string name) => IsYes(Last(name));

    /// <summary>Returns whether chan_sip takes a value for true.</summary>
    public static bool IsYes(string? value) => value?.ToLowerInvariant() is "yes" or "true" or "y" or "t" or "1" or "on";

    private static string? Find(IReadOnlyList<ConfEntry> options, string name) =>
        options.LastOrDefault(option => NameOf(option.Key) == name).Value;
}
