using System.Globalization;
using PjsipSyncWorker.Extensions;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// The codecs that Asterisk knows by name, whatever modules are loaded. Source: <c>core show codecs</c> of Asterisk 22. Codecs of other
/// releases are read from the servers themselves (<c>pjsip_sync.node.codecs</c>).
/// </summary>
internal static class CodecNames
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "alaw", "ulaw", "g722", "g723", "g726", "g726aal2", "g729", "g719", "gsm", "ilbc", "adpcm", "lpc10", "opus", "codec2",
        "siren7", "siren14", "speex", "speex16", "speex32", "silk8", "silk12", "silk16", "silk24", "amr", "amrwb", "none",
        "slin", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192",
        "h261", "h263", "h263p", "h264", "h265", "mpeg4", "vp8", "vp9", "jpeg", "png", "red", "t140", "t38",
    };

    /// <summary>Names that phones and other servers use, with Asterisk's own.</summary>
    private static readonly Dictionary<string, string> Synonyms = new(StringComparer.Ordinal)
    {
        ["pcma"] = "alaw", ["pcmu"] = "ulaw", ["g711"] = "alaw or ulaw", ["g711a"] = "alaw", ["g711u"] = "ulaw",
        ["g.711"] = "alaw or ulaw",
        ["g711alaw"] = "alaw", ["g711ulaw"] = "ulaw", ["g.722"] = "g722", ["g.729"] = "g729", ["g729a"] = "g729",
        ["g.726"] = "g726", ["avc"] = "h264", ["hevc"] = "h265",
    };

    /// <summary>Returns why Asterisk would refuse an item of allow or disallow; null when it takes it.</summary>
    /// <param name="item">Such as <c>alaw</c>, <c>!ulaw</c>, <c>all</c> or <c>g729:20</c>.</param>
    /// <param name="others">Codecs that some Asterisk here knows in addition.</param>
    public static string? Problem(string item, IReadOnlyList<string> others)
    {
        var plain = item.StartsWith('!') ? item[1..] : item;
        var (name, framing) = plain.Split(':') switch
        {
            [var alone] => (alone, "20"),
            [var first, var second] => (first, second),
            _ => (plain, ""),
        };
        if (!ushort.TryParse(framing, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds == 0)
            return "holds a packet length that is no number of milliseconds: write g729:20";
        if (name == "all" || Known.Contains(name) || others.Contains(name, StringComparer.Ordinal))
            return null;
        var lower = name.ToLowerInvariant();
        return (Known.Contains(lower) || lower == "all" ? lower : Synonyms.GetValueOrDefault(lower)) is { } right
            ? $"holds {Refusal.Shown(name)}, which Asterisk calls {right}"
            : $"holds {Refusal.Shown(name)}, which Asterisk does not know: core show codecs lists its codecs";
    }
}
