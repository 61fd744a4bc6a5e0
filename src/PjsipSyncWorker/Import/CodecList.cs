using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Computes the codecs that the lines <c>allow</c> and <c>disallow</c> leave, in their order (main/format_cap.c,
/// <c>ast_format_cap_update_by_allow_disallow</c>).
/// </summary>
internal static class CodecList
{
    /// <summary>
    /// Returns a list for one <c>allow</c> after <c>disallow = all</c>, with commas between. Empty when no codec is left. The exceptions of
    /// <c>all</c> are written as <c>!g729</c>.
    /// </summary>
    public static string From(IEnumerable<ConfEntry> options)
    {
        var items = new List<string>();
        foreach (var option in options)
        {
            var isAllow = option.Is("allow");
            if (!isAllow && !option.Is("disallow"))
                continue;
            foreach (var item in option.Value.Split([',', '|'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                var isNegated = item.StartsWith('!');
                Apply(items, isNegated ? item[1..] : item, allowed: isNegated != isAllow);
            }
        }
        return string.Join(',', items);
    }

    private static void Apply(List<string> items, string codec, bool allowed)
    {
        if (codec.Equals("all", StringComparison.OrdinalIgnoreCase))
        {
            items.Clear();
            if (allowed)
                items.Add("all");
            return;
        }
        var excluded = $"!{NameOf(codec)}";
        if (allowed)
        {
            items.Remove(excluded);
            if (!items.Contains("all") && !items.Exists(item => NameOf(item) == NameOf(codec)))
                items.Add(codec);
            return;
        }
        items.RemoveAll(item => NameOf(item) == NameOf(codec));
        if (items.Contains("all"))
            items.Add(excluded);
    }

    /// <summary>Returns a codec's name without the length of its packets: <c>g729:20</c>.</summary>
    private static string NameOf(string codec) => codec.Split(':')[0];
}
