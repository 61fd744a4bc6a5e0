using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Rules for several options together: Asterisk takes each of them and refuses, or misunderstands, the combination. Each method returns
/// false with a problem that says what would be right.
/// </summary>
internal static class OptionCombinations
{
    private static readonly string[] AlgorithmColumns = ["supported_algorithms_uas", "supported_algorithms_uac"];

    /// <summary>
    /// Sets the algorithms to those that <c>password_digest</c> has, where none are given. Without a password no other algorithm can be
    /// used, and Asterisk offers MD5 when none are given.
    /// </summary>
    public static bool SetAlgorithms(EndpointDraft draft, out string problem)
    {
        problem = "";
        var algorithms = string.Join(',', OptionRules.AlgorithmsOf(draft.Value(RealtimeTable.Auth, "password_digest")!));
        foreach (var column in AlgorithmColumns)
        {
            if (draft.Value(RealtimeTable.Auth, column) is null
                && !draft.Set(RealtimeTable.Auth, column, algorithms, "settings.auth.password_digest", out problem))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Sets <c>mwi_subscribe_replaces_unsolicited</c> where it is needed. Asterisk answers a SUBSCRIBE for messages when the AOR names the
    /// mailbox. If the endpoint is notified of that mailbox without a SUBSCRIBE as well, the answer is 500, unless this option is yes.
    /// </summary>
    public static bool AnswerSubscriptions(EndpointDraft draft, out string problem)
    {
        const string replaces = "mwi_subscribe_replaces_unsolicited";
        problem = "";
        var unsolicited = draft.Value(RealtimeTable.Endpoint, "mailboxes")?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        var subscribed = draft.Value(RealtimeTable.Aor, "mailboxes")?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        if (!unsolicited.Intersect(subscribed, StringComparer.Ordinal).Any() || draft.IsYes(replaces))
            return true;
        if (draft.Value(RealtimeTable.Endpoint, replaces) is null && draft.Schema.Find(RealtimeTable.Endpoint, replaces) is not null)
            return draft.Set(RealtimeTable.Endpoint, replaces, "yes", $"settings.endpoint.{replaces}", out problem);
        return Refuse(
            $"settings.aor.mailboxes names a mailbox of the endpoint, so that settings.endpoint.{replaces} must be yes: "
            + "Asterisk would answer a SUBSCRIBE for messages with 500", out problem);
    }

    /// <summary>Checks combinations that Asterisk refuses when it loads the endpoint, or with which no phone can register.</summary>
    public static bool Check(EndpointDraft draft, out string problem)
    {
        if (draft.Number(RealtimeTable.Endpoint, "timers_min_se", 90) > draft.Number(RealtimeTable.Endpoint, "timers_sess_expires", 1800))
        {
            return Refuse(
                "settings.endpoint.timers_sess_expires (1800 when not given) must not be less than timers_min_se", out problem);
        }
        if (draft.IsYes("dtls_auto_generate_cert") && draft.Value(RealtimeTable.Endpoint, "dtls_cert_file") is not null)
            return Refuse("settings.endpoint: only one of dtls_auto_generate_cert and dtls_cert_file can be given", out problem);
        if (draft.IsYes("preferred_codec_only") && draft.Value(RealtimeTable.Endpoint, "incoming_call_offer_pref") is not (null or "local"))
            return Refuse("settings.endpoint: only one of preferred_codec_only and incoming_call_offer_pref can be given", out problem);
        if (draft.Number(RealtimeTable.Aor, "max_contacts", 1) == 0 && draft.Value(RealtimeTable.Aor, "contact") is null)
        {
            return Refuse(
                "max_contacts is 0, so that no phone can register: "
                + "it must be 1 or more, or settings.aor.contact must say where the phone is", out problem);
        }
        return CheckAlgorithms(draft, out problem);
    }

    /// <summary>Without a password every supported algorithm needs a digest of its own.</summary>
    private static bool CheckAlgorithms(EndpointDraft draft, out string problem)
    {
        problem = "";
        if (draft.Value(RealtimeTable.Auth, "password") is not null || draft.Value(RealtimeTable.Auth, "auth_type") is "google_oauth")
            return true;
        var digests = (draft.Value(RealtimeTable.Auth, "password_digest") is { } given ? OptionRules.AlgorithmsOf(given) : [])
            .Concat(draft.Value(RealtimeTable.Auth, "md5_cred") is null ? [] : ["MD5"]).ToArray();
        foreach (var column in AlgorithmColumns)
        {
            foreach (var algorithm in (draft.Value(RealtimeTable.Auth, column) ?? "MD5").Split(','))
            {
                if (digests.Contains(algorithm, StringComparer.Ordinal))
                    continue;
                return Refuse(
                    $"settings.auth.{column} asks for {algorithm}, and password_digest has none: Asterisk would refuse every REGISTER",
                    out problem);
            }
        }
        return true;
    }
}
