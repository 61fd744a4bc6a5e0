using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>Finds the phones in a <c>sip.conf</c> of chan_sip.</summary>
internal static class SipConfSource
{
    /// <summary>Returns whether a file has a section of chan_sip.</summary>
    public static bool Recognizes(ConfFile file) => file.Sections.Exists(section => TypeOf(section) is not null);

    /// <summary>Adds the objects of all phones, and records why other sections are none.</summary>
    public static void Add(ConfFile file, PjsipInventory inventory)
    {
        // chan_sip reads all sections of one name as one.
        var joined = file.Joined();
        var general = joined.Find("general")?.Entries ?? [];
        var registered = general.Where(option => option.Is("register")).Select(option => HostOf(option.Value))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var section in joined.Sections.Where(section => !section.IsTemplate && TypeOf(section) is not null))
        {
            var peer = new SipPeer(section.Name, section.Entries, general, section.Origin);
            if (WhyNoPhone(peer, registered) is { } reason)
                inventory.Staying.Add(new Finding(peer.Name, reason));
            else
                SipTranslation.Add(peer, inventory);
        }
        foreach (var option in general.Where(option => option.Key.ToLowerInvariant()
            is "externip" or "externaddr" or "externhost" or "localnet" or "media_address"))
        {
            inventory.Notes.Add($"[general] has {option.Key} = {option.Value}: with PJSIP this is an option of the transport");
        }
        if (registered.Count > 0)
        {
            inventory.Notes.Add(
                $"[general] registers at {string.Join(", ", registered)}: with PJSIP this is a section of type registration");
        }
    }

    /// <summary>Returns why a peer stays where it is; null for a phone.</summary>
    private static string? WhyNoPhone(SipPeer peer, HashSet<string> registered)
    {
        var host = peer.Last("host");
        var isFixed = host is { Length: > 0 } && !host.Equals("dynamic", StringComparison.OrdinalIgnoreCase);
        if (TypeOf(peer.Own) == "user")
            return "is a user: nobody can call it, and it does not register";
        if (peer.Last("callbackextension") is { Length: > 0 })
            return "is a carrier: it has callbackextension";
        if (isFixed && (registered.Contains(peer.Name) || registered.Contains(host!)))
            return "is a carrier: [general] registers at it";
        if (isFixed && peer.Last("insecure")?.Contains("invite", StringComparison.OrdinalIgnoreCase) is true)
            return "is a carrier: it has a fixed host and insecure = invite";
        if (string.IsNullOrEmpty(peer.Last("secret")) && string.IsNullOrEmpty(peer.Last("md5secret")))
            return isFixed ? "is told by its address and has no secret: a row of the table is a phone with a password"
                : "has no secret: a row of the table is a phone with a password";
        return null;
    }

    private static string? TypeOf(ConfSection section) => TypeOf(section.Entries);

    private static string? TypeOf(IReadOnlyList<ConfEntry> entries) =>
        entries.LastOrDefault(entry => entry.Is("type")).Value?.ToLowerInvariant() is ("peer" or "friend" or "user") and var type
            ? type : null;

    /// <summary>Returns the host of <c>register => user[:secret[:authuser]]@host[:port][/extension][~expiry]</c>.</summary>
    private static string HostOf(string register) =>
        register[(register.LastIndexOf('@') + 1)..].Split('/', '~')[0].Split(':')[0].Trim();
}
