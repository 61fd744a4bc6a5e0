using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Finds the phones among PJSIP objects. A phone is an endpoint that the worker can make from a row: one auth whose user name is the
/// endpoint's id, and one AOR that is called so too or has a fixed contact.
/// </summary>
internal static class PjsipPhones
{
    /// <summary>Options whose values are taken together when they are given several times, each with what stands between them.</summary>
    private static readonly Dictionary<string, char> Repeatable = new(StringComparer.Ordinal)
    {
        ["set_var"] = '\n', ["contact"] = ',', ["permit"] = ',', ["deny"] = ',', ["acl"] = ',', ["contact_permit"] = ',',
        ["contact_deny"] = ',', ["contact_acl"] = ',', ["password_digest"] = ',', ["security_mechanisms"] = ',',
    };

    /// <summary>Options that say how the three objects belong together. The worker writes them itself.</summary>
    private static readonly string[] Wiring =
        ["type", "auth", "aors", "outbound_auth", "allow", "disallow", "username", "password", "auth_type"];

    /// <summary>Returns the phones in the order of the source, and records why other endpoints are none.</summary>
    public static List<ImportedPhone> Find(PjsipInventory inventory)
    {
        var identifies = inventory.Identifies.ToLookup(identify => identify.Last("endpoint") ?? "", StringComparer.Ordinal);
        var registrations = inventory.Registrations.ToLookup(registration => registration.Last("endpoint") ?? "", StringComparer.Ordinal);
        var carrierAuths = inventory.Registrations.SelectMany(registration => registration.Items("outbound_auth"))
            .ToHashSet(StringComparer.Ordinal);
        var phones = new List<ImportedPhone>();
        foreach (var endpoint in inventory.Endpoints.Values)
        {
            if (Carrier(endpoint, identifies[endpoint.Id].Any(), registrations[endpoint.Id].Any(), carrierAuths) is { } carrier)
                inventory.Staying.Add(new Finding(endpoint.Id, carrier));
            else if (Problem(endpoint, inventory) is { } problem)
                inventory.Refused.Add(new Finding(endpoint.Id, problem));
            else
                phones.Add(Phone(endpoint, inventory, identifies[endpoint.Id]));
        }
        return phones;
    }

    /// <summary>Returns why an endpoint is a carrier, a door station or the like; null for a phone.</summary>
    private static string? Carrier(PjsipObject endpoint, bool isIdentified, bool isRegistered, HashSet<string> carrierAuths)
    {
        if (isRegistered || endpoint.Items("outbound_auth").Exists(carrierAuths.Contains))
            return "is a carrier: it has a registration";
        if (endpoint.Items("auth").Count > 0)
            return null;
        return isIdentified ? "is told by its address and has no auth: a row of the table is a phone with a password"
            : endpoint.Items("outbound_auth").Count > 0 ? "is a carrier: it has outbound_auth and no auth"
            : "has no auth: a row of the table is a phone with a password";
    }

    private static string? Problem(PjsipObject endpoint, PjsipInventory inventory)
    {
        var (auths, aors) = (endpoint.Items("auth"), endpoint.Items("aors"));
        if (auths.Count > 1)
            return $"has {auths.Count} auths ({string.Join(", ", auths)}): a row has one password";
        if (!inventory.Auths.TryGetValue(auths[0], out var auth))
            return $"has the auth {auths[0]}, which is not there";
        if ((auth.Last("username") ?? "") is var user && user != endpoint.Id)
            return $"logs in as the user {user}: the user name of a row is its number. "
                + $"Set the phone to {endpoint.Id} first, or leave it where it is";
        if (auth.Last("auth_type")?.ToLowerInvariant() is "google_oauth")
            return "logs in at Google (auth_type = google_oauth), which is for carriers";
        if (aors.Count != 1)
            return aors.Count == 0 ? "has no AOR: nobody can call it" : $"has {aors.Count} AORs ({string.Join(", ", aors)}): a row has one";
        if (!inventory.Aors.TryGetValue(aors[0], out var aor))
            return $"has the AOR {aors[0]}, which is not there";
        var isFixed = aor.Items("contact").Count > 0;
        if (!isFixed && aor.Last("max_contacts") is null or "0")
            return $"cannot register: max_contacts of the AOR {aor.Id} is 0";
        if (aor.Id != endpoint.Id && aor.Last("max_contacts") is not (null or "0"))
            return $"registers as {aor.Id} (its AOR): a phone of a row registers as its number. "
                + $"Set the phone to {endpoint.Id} first, or leave it where it is";
        return null;
    }

    private static ImportedPhone Phone(PjsipObject endpoint, PjsipInventory inventory, IEnumerable<PjsipObject> identifies)
    {
        var auth = inventory.Auths[endpoint.Items("auth")[0]];
        var aor = inventory.Aors[endpoint.Items("aors")[0]];
        var options = new Dictionary<(RealtimeTable, string), string>();
        AddOptions(options, RealtimeTable.Endpoint, endpoint);
        AddOptions(options, RealtimeTable.Auth, auth);
        AddOptions(options, RealtimeTable.Aor, aor);
        options.TryAdd((RealtimeTable.Aor, "max_contacts"), "0");
        var remarks = endpoint.Remarks.ToList();
        if (CodecList.From(endpoint.Options) is { Length: > 0 } codecs)
            options[(RealtimeTable.Endpoint, "allow")] = codecs;
        else
            remarks.Add("has no codecs, so that no call could be made: it gets those of Realtime:Defaults");
        AddOutboundAuth(options, endpoint, auth, remarks);
        foreach (var identify in identifies)
            remarks.Add($"is also told by its address: the section [{identify.Id}] must stay in the file");
        return new ImportedPhone(endpoint.Id, Password(auth, options), options, endpoint.Origin)
        {
            DisplayName = inventory.DisplayNames.GetValueOrDefault(endpoint.Id),
            Templates = endpoint.Templates,
            Remarks = remarks,
        };
    }

    private static void AddOptions(Dictionary<(RealtimeTable, string), string> options, RealtimeTable table, PjsipObject source)
    {
        foreach (var option in source.Options)
        {
            var name = option.Key.ToLowerInvariant();
            // Names that begin with @ are notes of other programs.
            if (name.StartsWith('@') || Wiring.Contains(name, StringComparer.Ordinal))
                continue;
            options[(table, name)] = Repeatable.TryGetValue(name, out var between) && options.TryGetValue((table, name), out var before)
                ? $"{before}{between}{option.Value}"
                : option.Value;
        }
    }

    /// <summary>Returns the password, unless the auth has a digest, which then stays among the options.</summary>
    private static string? Password(PjsipObject auth, Dictionary<(RealtimeTable, string), string> options)
    {
        switch (auth.Last("auth_type")?.ToLowerInvariant())
        {
            case "md5":
                return null;
            case "digest":
                options[(RealtimeTable.Auth, "auth_type")] = "digest";
                return auth.Last("password");
            default:
                // Without auth_type = md5 Asterisk ignores a digest.
                options.Remove((RealtimeTable.Auth, "md5_cred"));
                return auth.Last("password");
        }
    }

    private static void AddOutboundAuth(
        Dictionary<(RealtimeTable, string), string> options, PjsipObject endpoint, PjsipObject auth, List<string> remarks)
    {
        var outbound = endpoint.Items("outbound_auth");
        if (outbound.Count == 0)
            return;
        var own = outbound.Select(name => name == auth.Id ? endpoint.Id : name).ToList();
        options[(RealtimeTable.Endpoint, "outbound_auth")] = string.Join(',', own);
        foreach (var other in own.Where(name => name != endpoint.Id))
            remarks.Add($"calls out with the auth {other}, which must stay in the file");
    }
}
