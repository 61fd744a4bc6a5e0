using System.Globalization;
using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Translates a peer of chan_sip into the three PJSIP objects that behave as it did. Source of the meanings: sip.conf.sample and
/// channels/chan_sip.c of Asterisk 18, and res_pjsip of Asterisk 22. Asterisk's own script (contrib/scripts/sip_to_pjsip) leaves out what
/// chan_sip does when an option is not given.
/// </summary>
internal sealed class SipTranslation
{
    private readonly SipPeer _peer;
    private readonly List<ConfEntry> _endpoint = [];
    private readonly List<ConfEntry> _aor = [];
    private readonly List<string> _remarks = [];

    private SipTranslation(SipPeer peer) => _peer = peer;

    /// <summary>Adds the objects of a peer that is a phone.</summary>
    public static void Add(SipPeer peer, PjsipInventory inventory)
    {
        var translation = new SipTranslation(peer);
        var auth = translation.Auth();
        translation.Run();
        inventory.Add(Object("auth", auth));
        inventory.Add(Object("aor", translation._aor));
        inventory.Add(Object("endpoint", translation._endpoint) with { Remarks = translation._remarks });

        PjsipObject Object(string type, IReadOnlyList<ConfEntry> options) => new(peer.Name, type, options, peer.Origin);
    }

    private void Run()
    {
        Set("auth", _peer.Name);
        Set("aors", _peer.Name);
        foreach (var (from, to) in SipOptions.SameValue)
        {
            if (_peer.Last(from) is { Length: > 0 } value)
                Set(to, value);
        }
        foreach (var (from, to) in SipOptions.YesOrNo)
        {
            if (_peer.Last(from) is { Length: > 0 } value)
                Set(to, SipPeer.IsYes(value) ? "yes" : "no");
        }
        AddCodecs();
        AddNat();
        AddMedia();
        AddCaller();
        AddMailbox();
        AddLists();
        AddContact();
        AddQualify();
        AddRemarks();
    }

    private List<ConfEntry> Auth()
    {
        var auth = new List<ConfEntry> { new("username", _peer.Name) };
        // With both, chan_sip takes the digest.
        if (_peer.Last("md5secret") is { Length: > 0 } digest)
            auth.AddRange([new("auth_type", "md5"), new("md5_cred", digest), new("realm", _peer.Last("realm") ?? "asterisk")]);
        else
            auth.AddRange([new("auth_type", "userpass"), new("password", _peer.Last("secret") ?? "")]);
        return auth;
    }

    private void AddCodecs()
    {
        var codecs = CodecList.From([.. _peer.General, .. _peer.Own]);
        if (codecs.Length == 0)
            return;
        var isVideo = _peer.Last("videosupport")?.ToLowerInvariant() is "yes" or "always" or "true" or "1" or "on";
        // Without videosupport chan_sip offers no codec for video, whatever is allowed.
        Set("allow", string.Join(',', codecs.Split(',').Where(codec => isVideo || !SipOptions.VideoCodecs.Contains(codec.Split(':')[0]))));
    }

    private void AddNat()
    {
        var words = (_peer.Last("nat") ?? "auto_force_rport").ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        var isAll = words.Any(word => SipPeer.IsYes(word));
        var rport = isAll || words.Any(word => word is "force_rport" or "auto_force_rport" or "route");
        Set("force_rport", rport ? "yes" : "no");
        Set("rewrite_contact", rport ? "yes" : "no");
        Set("rtp_symmetric", isAll || words.Any(word => word is "comedia" or "auto_comedia") ? "yes" : "no");
    }

    private void AddMedia()
    {
        Set("dtmf_mode", (_peer.Last("dtmfmode") ?? "rfc2833").ToLowerInvariant() switch
        {
            "rfc2833" or "rfc4733" => "rfc4733",
            "info" or "shortinfo" => "info",
            var other => other,
        });
        var media = (_peer.Last("directmedia") ?? "yes").ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        Set("direct_media", media.Any(word => word is "no" or "false" or "0" or "off" or "n" or "f") ? "no" : "yes");
        if (media.Contains("nonat"))
            Set("disable_direct_media_on_nat", "yes");
        if (media.Contains("update"))
            Set("direct_media_method", "update");
        if (media.Contains("outgoing"))
            Set("direct_media_glare_mitigation", "outgoing");
        if (_peer.IsTrue("dtlsenable"))
            Set("media_encryption", "dtls");
        else if (_peer.IsTrue("encryption"))
            Set("media_encryption", "sdes");
        if (_peer.Last("encryption_taglen") == "32")
            Set("srtp_tag_32", "yes");
        Set("timers", _peer.Last("session-timers")?.ToLowerInvariant() switch { "originate" => "always", "refuse" => "no", _ => "yes" });
        Set("inband_progress", _peer.IsTrue("progressinband") ? "yes" : "no");
        AddFax();
    }

    private void AddFax()
    {
        var fax = (_peer.Last("t38pt_udptl") ?? "no").ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        if (fax.Any(word => word is "yes" or "fec" or "redundancy" or "none"))
        {
            Set("t38_udptl", "yes");
            Set("t38_udptl_ec", fax.Contains("fec") ? "fec" : fax.Contains("redundancy") ? "redundancy" : "none");
            if (Array.Find(fax, word => word.StartsWith("maxdatagram=", StringComparison.Ordinal)) is { } most)
                Set("t38_udptl_maxdatagram", most.Split('=')[1]);
        }
        if (_peer.Last("faxdetect") is { } detect && (SipPeer.IsYes(detect) || detect.Contains("cng", StringComparison.OrdinalIgnoreCase)))
            Set("fax_detect", "yes");
    }

    private void AddCaller()
    {
        var parsed = CallerIdText.Parse(_peer.Last("callerid"));
        var (name, number) = (_peer.Last("cid_name") ?? parsed.Name, _peer.Last("cid_number") ?? parsed.Number);
        if (name is not null || number is not null)
        {
            var quoted = name?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            Set("callerid", number is null ? $"\"{quoted}\"" : name is null ? $"<{number}>" : $"\"{quoted}\" <{number}>");
        }
        switch (_peer.Last("sendrpid")?.ToLowerInvariant())
        {
            case "pai":
                Set("send_pai", "yes");
                break;
            case { } rpid when rpid == "rpid" || SipPeer.IsYes(rpid):
                Set("send_rpid", "yes");
                break;
        }
    }

    private void AddMailbox()
    {
        var mailboxes = string.Join(',', _peer.All("mailbox").SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries
            | StringSplitOptions.RemoveEmptyEntries)).Select(box => box.Contains('@', StringComparison.Ordinal) ? box : $"{box}@default"));
        if (mailboxes.Length > 0)
            (_peer.IsTrue("subscribemwi") ? _aor : _endpoint).Add(new ConfEntry("mailboxes", mailboxes));
    }

    private void AddLists()
    {
        foreach (var (from, to) in new[]
        {
            ("deny", "deny"), ("permit", "permit"), ("contactdeny", "contact_deny"), ("contactpermit", "contact_permit"),
            ("setvar", "set_var"),
        })
        {
            // Everybody is denied and everybody is permitted: FreePBX writes this for each extension.
            if (from is "deny" or "permit" && _peer.All("permit").Contains("0.0.0.0/0.0.0.0"))
                continue;
            foreach (var value in _peer.All(from))
                Set(to, value);
        }
        if (_peer.Last("musicclass") is { Length: > 0 } music)
            Set("set_var", $"CHANNEL(musicclass)={music}");
        if (_peer.Last("parkinglot") is { Length: > 0 } lot)
            Set("set_var", $"CHANNEL(parkinglot)={lot}");
        if (_peer.Last("outboundproxy") is { Length: > 0 } proxy)
            Set("outbound_proxy", proxy.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? proxy : $"sip:{proxy};lr");
    }

    private void AddContact()
    {
        if (_peer.Last("host") is not { Length: > 0 } host || host.Equals("dynamic", StringComparison.OrdinalIgnoreCase))
        {
            // chan_sip keeps one registration, and a new one takes its place.
            _aor.AddRange([new("max_contacts", "1"), new("remove_existing", "yes")]);
        }
        else
        {
            var address = host.Count(c => c == ':') > 1 && !host.StartsWith('[') ? $"[{host}]" : host;
            var port = _peer.Last("port") is { Length: > 0 } given && !address.Split(']')[^1].Contains(':', StringComparison.Ordinal)
                ? $":{given}" : "";
            var user = _peer.Last("defaultuser") is { Length: > 0 } name ? name : _peer.Name;
            _remarks.Add($"has a fixed address: PJSIP takes its calls for those of {_peer.Name} if it calls under this name; "
                + "otherwise add a section of type identify");
            _aor.Add(new("contact", $"sip:{user}@{address}{port}"));
        }
        foreach (var (from, to) in new[]
        {
            ("maxexpiry", "maximum_expiration"), ("minexpiry", "minimum_expiration"), ("defaultexpiry", "default_expiration"),
        })
        {
            if (_peer.Last(from) is { Length: > 0 } value)
                _aor.Add(new(to, value));
        }
        if (_peer.Last("supportpath") is { } path)
            _aor.Add(new("support_path", SipPeer.IsYes(path) ? "yes" : "no"));
    }

    private void AddQualify()
    {
        var qualify = _peer.Last("qualify") ?? "no";
        var isNumber = int.TryParse(qualify, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds > 1;
        if (!isNumber && !SipPeer.IsYes(qualify))
            return;
        _aor.Add(new("qualify_frequency", _peer.Last("qualifyfreq") is { Length: > 0 } given ? given : "60"));
        _aor.Add(new("qualify_timeout", ((isNumber ? milliseconds : 2000) / 1000m).ToString("0.###", CultureInfo.InvariantCulture)));
    }

    private void AddRemarks()
    {
        if (_peer.Last("insecure")?.Contains("invite", StringComparison.OrdinalIgnoreCase) is true)
            _remarks.Add("insecure = invite is left out: PJSIP asks the phone for its password at each call");
        if (_peer.Last("call-limit") is not (null or "" or "0"))
            _remarks.Add("call-limit is left out: PJSIP counts no calls; GROUP() in the dialplan does");
        if (_peer.Last("dtmfmode")?.ToLowerInvariant() == "shortinfo")
            _remarks.Add("dtmfmode = shortinfo becomes info");
        foreach (var name in _peer.Own.Select(option => SipPeer.NameOf(option.Key)).Distinct().Where(name => !SipOptions.IsKnown(name)))
            _remarks.Add($"{Extensions.Refusal.Shown(name)} is left out: PJSIP has no such option");
    }

    private void Set(string name, string value) => _endpoint.Add(new ConfEntry(name, value));
}
