namespace PjsipSyncWorker.Import;

/// <summary>Finds the extensions in a dump of FreePBX's database <c>asterisk</c>, or in a CSV file of its Bulk Handler.</summary>
internal static class FreePbxSource
{
    /// <summary>The tables that are read, each with its columns in FreePBX 16, for a dump without <c>CREATE TABLE</c>.</summary>
    private static readonly Dictionary<string, List<string>> Tables = new(StringComparer.OrdinalIgnoreCase)
    {
        ["devices"] = ["id", "tech", "dial", "devicetype", "user", "description", "emergency_cid", "hint_override"],
        ["users"] =
        [
            "extension", "password", "name", "voicemail", "ringtimer", "noanswer", "recording", "outboundcid", "sipname", "noanswer_cid",
            "busy_cid", "chanunavail_cid", "noanswer_dest", "busy_dest", "chanunavail_dest", "mohclass",
        ],
        ["sip"] = ["id", "keyword", "data", "flags"],
        ["trunks"] =
        [
            "trunkid", "tech", "channelid", "name", "outcid", "keepcid", "maxchans", "failscript", "dialoutprefix", "usercontext",
            "provider", "disabled", "continue",
        ],
    };

    /// <summary>Adds the extensions of a dump.</summary>
    /// <exception cref="ImportException">The dump is not complete, or has no extensions.</exception>
    public static void AddDump(string text, PjsipInventory inventory)
    {
        var tables = MysqlDump.Read(text, Tables);
        if (!tables.TryGetValue("devices", out var devices) || !tables.TryGetValue("sip", out var sip))
        {
            throw new ImportException($"{inventory.Source} has no rows of the tables devices and sip: "
                + "dump FreePBX's database asterisk (mysqldump asterisk devices users sip trunks)");
        }
        var keywords = sip.ToLookup(row => row["id"] ?? "", StringComparer.Ordinal);
        var users = new Dictionary<string, Dictionary<string, string?>>(StringComparer.Ordinal);
        foreach (var user in tables.GetValueOrDefault("users") ?? [])
            users[user["extension"] ?? ""] = user;
        foreach (var device in devices)
        {
            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var row in keywords[device["id"] ?? ""])
                values[row["keyword"] ?? ""] = row["data"] ?? "";
            Add(inventory, device["id"] ?? "", device["tech"] ?? "", device["devicetype"] ?? "", device["description"], values,
                users.GetValueOrDefault(device["user"] ?? ""));
        }
        foreach (var trunk in tables.GetValueOrDefault("trunks") ?? [])
        {
            var name = trunk.GetValueOrDefault("name") is { Length: > 0 } given ? given : $"trunk {trunk["trunkid"]}";
            inventory.Staying.Add(new Finding(name, $"is a trunk ({trunk["tech"]})"));
        }
    }

    /// <summary>Adds the extensions of a CSV file.</summary>
    /// <exception cref="ImportException">The file has no column extension, or is not complete.</exception>
    public static void AddCsv(string text, PjsipInventory inventory)
    {
        var rows = CsvText.Read(text).ToList();
        if (rows.Count > 0 && (!rows[0].ContainsKey("extension") || !rows[0].ContainsKey("secret")))
        {
            throw new ImportException($"{inventory.Source} has no columns extension and secret in its first line: "
                + "export the extensions with FreePBX's Bulk Handler");
        }
        foreach (var row in rows)
        {
            var user = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
            {
                ["name"] = row.GetValueOrDefault("name"), ["voicemail"] = row.GetValueOrDefault("voicemail"),
                ["extension"] = row["extension"],
            };
            Add(inventory, row["extension"], row.GetValueOrDefault("tech") is { Length: > 0 } tech ? tech : "pjsip", "fixed",
                row.GetValueOrDefault("description"), row, user);
        }
    }

    private static void Add(
        PjsipInventory inventory, string number, string tech, string deviceType, string? description,
        Dictionary<string, string> keywords, Dictionary<string, string?>? user)
    {
        if (tech is not ("pjsip" or "sip"))
        {
            inventory.Staying.Add(new Finding(number, $"is no SIP phone (its technology is {Extensions.Refusal.Shown(tech)})"));
            return;
        }
        var isFixed = deviceType == "fixed";
        FreePbxPhone.Add(inventory, number, tech, keywords, isFixed ? description ?? user?.GetValueOrDefault("name") : description,
            Mailbox(number, keywords, user), isFixed);
    }

    /// <summary>Returns the mailbox: FreePBX writes that of the user in the place of <c>NUMBER@device</c>.</summary>
    private static string? Mailbox(string number, Dictionary<string, string> keywords, Dictionary<string, string?>? user)
    {
        var given = keywords.GetValueOrDefault("mailbox") is { Length: > 0 } mailbox ? mailbox : $"{number}@device";
        if (!given.Equals($"{number}@device", StringComparison.OrdinalIgnoreCase))
            return given;
        return user?.GetValueOrDefault("voicemail") is { Length: > 0 } context and not "novm" ? $"{user["extension"]}@{context}" : null;
    }
}
