namespace PjsipSyncWorker.Configuration;

/// <summary>Options of the three tables, by column name. Null removes an option of a lower layer. Never changes.</summary>
public sealed record OptionSet(
    IReadOnlyDictionary<string, string?> Endpoint,
    IReadOnlyDictionary<string, string?> Auth,
    IReadOnlyDictionary<string, string?> Aor)
{
    /// <summary>No options.</summary>
    public static OptionSet Empty { get; } = new(
        new Dictionary<string, string?>(), new Dictionary<string, string?>(), new Dictionary<string, string?>());

    /// <summary>Options with which a phone behind a NAT works and a stale contact is removed.</summary>
    public static OptionSet SafeDefaults { get; } = Empty with
    {
        Endpoint = new Dictionary<string, string?>
        {
            ["context"] = "internal",
            ["disallow"] = "all",
            ["allow"] = "ulaw,alaw",
            ["direct_media"] = "no",
            ["rewrite_contact"] = "yes",
            ["force_rport"] = "yes",
            ["rtp_symmetric"] = "yes",
        },
        Aor = new Dictionary<string, string?>
        {
            ["max_contacts"] = "5",
            ["qualify_frequency"] = "60",
            ["remove_existing"] = "yes",
            ["remove_unavailable"] = "yes",
        },
    };

    /// <summary>Profiles that need no configuration. A configured profile of the same name replaces one.</summary>
    public static IReadOnlyDictionary<string, OptionSet> BuiltInProfiles { get; } =
        new Dictionary<string, OptionSet>(StringComparer.Ordinal)
        {
            ["webrtc"] = Empty with
            {
                Endpoint = new Dictionary<string, string?>
                {
                    ["webrtc"] = "yes",
                    ["dtls_auto_generate_cert"] = "yes",
                    ["allow"] = "opus,ulaw,alaw",
                },
            },
            ["deskphone"] = Empty with
            {
                Endpoint = new Dictionary<string, string?> { ["allow"] = "g722,alaw,ulaw", ["dtmf_mode"] = "rfc4733" },
                Aor = new Dictionary<string, string?> { ["max_contacts"] = "1" },
            },
        };

    /// <summary>These options without those of <paramref name="other"/>.</summary>
    public OptionSet Except(OptionSet other)
    {
        return new OptionSet(Left(Endpoint, other.Endpoint), Left(Auth, other.Auth), Left(Aor, other.Aor));

        static Dictionary<string, string?> Left(IReadOnlyDictionary<string, string?> all, IReadOnlyDictionary<string, string?> other) =>
            all.Where(option => !other.ContainsKey(option.Key)).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>These options, with those of <paramref name="upper"/> over them.</summary>
    public OptionSet OverriddenBy(OptionSet upper)
    {
        return new OptionSet(Merge(Endpoint, upper.Endpoint), Merge(Auth, upper.Auth), Merge(Aor, upper.Aor));

        static Dictionary<string, string?> Merge(IReadOnlyDictionary<string, string?> lower, IReadOnlyDictionary<string, string?> upper)
        {
            var both = new Dictionary<string, string?>(lower, StringComparer.Ordinal);
            foreach (var (column, value) in upper)
                both[column] = value;
            return both;
        }
    }
}
