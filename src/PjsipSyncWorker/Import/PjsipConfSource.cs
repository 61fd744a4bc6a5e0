using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>
/// Takes the objects out of <c>pjsip.conf</c> and <c>pjsip_wizard.conf</c>. Source of the rules: res/res_sorcery_config.c and
/// res/res_pjsip_config_wizard.c of Asterisk 22.
/// </summary>
internal static class PjsipConfSource
{
    private static readonly string[] Types = ["endpoint", "auth", "aor", "identify", "registration"];

    /// <summary>Other types of objects of res_pjsip and its modules. They stay in the file and concern no phone.</summary>
    private static readonly string[] OtherTypes =
    [
        "global", "system", "transport", "acl", "domain_alias", "contact", "phoneprov", "resource_list", "inbound-publication",
        "outbound-publish", "asterisk-publication", "subscription_persistence", "publication",
    ];

    /// <summary>Returns whether a file has a section that this class understands.</summary>
    public static bool Recognizes(ConfFile file) =>
        file.Sections.Exists(section => TypeOf(section) is { } type && (Types.Contains(type) || type is "wizard" or "transport"));

    /// <summary>Adds the objects of a file.</summary>
    public static void Add(ConfFile file, PjsipInventory inventory)
    {
        foreach (var section in file.Sections.Where(section => !section.IsTemplate))
        {
            var type = TypeOf(section);
            var read = new PjsipObject(section.Name, type ?? "", section.Entries, section.Origin) { Templates = section.Templates };
            if (type == "wizard")
                AddWizard(read, inventory);
            else if (type is not null && Types.Contains(type))
                inventory.Add(read);
            else if (type is null || !OtherTypes.Contains(type))
            {
                inventory.Notes.Add(type is null
                    ? $"{section.Origin}: [{section.Name}] has no type, and Asterisk leaves it out"
                    : $"{section.Origin}: [{section.Name}] has the type {type}, which PJSIP does not know");
            }
        }
    }

    /// <summary>Returns the type of a section. Asterisk takes the first line, in this case of letters.</summary>
    private static string? TypeOf(ConfSection section) => section.Entries.Find(entry => entry.Is("type")).Value;

    private static void AddWizard(PjsipObject wizard, PjsipInventory inventory)
    {
        var hosts = wizard.Last("remote_hosts")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (wizard.IsTrue("accepts_auth"))
            inventory.Add(Part(wizard, "auth", "inbound_auth/", $"{wizard.Id}-iauth"));
        if (wizard.IsTrue("sends_auth"))
            inventory.Add(Part(wizard, "auth", "outbound_auth/", $"{wizard.Id}-oauth"));

        var aor = Part(wizard, "aor", "aor/", wizard.Id, ("outbound_proxy", wizard.Last("outbound_proxy")));
        var pattern = wizard.Last("contact_pattern") ?? "sip:${REMOTE_HOST}";
        inventory.Add(aor.Last("contact") is not null || pattern.Length == 0 ? aor : aor with
        {
            Options = [.. aor.Options, .. hosts.Select(host =>
                new ConfEntry("contact", pattern.Replace("${REMOTE_HOST}", host, StringComparison.Ordinal)))],
        });
        inventory.Add(Part(wizard, "endpoint", "endpoint/", wizard.Id,
            ("aors", wizard.Id), ("outbound_proxy", wizard.Last("outbound_proxy")), ("transport", wizard.Last("transport")),
            ("outbound_auth", wizard.IsTrue("sends_auth") ? $"{wizard.Id}-oauth" : null),
            ("auth", wizard.IsTrue("accepts_auth") ? $"{wizard.Id}-iauth" : null)));
        if (!wizard.IsTrue("accepts_registrations") && !wizard.IsTrue("sends_line_with_registrations"))
            inventory.Add(Part(wizard, "identify", "identify/", $"{wizard.Id}-identify", ("endpoint", wizard.Id)));
        if (wizard.IsTrue("sends_registrations"))
            inventory.Add(Part(wizard, "registration", "registration/", $"{wizard.Id}-reg-0", ("endpoint", wizard.Id)));
        if (wizard.IsTrue("has_hint") && wizard.Last("hint_exten") is { Length: > 0 } hint)
            inventory.Notes.Add($"{wizard.Origin}: {wizard.Id} makes the hint {hint}, which your dialplan must have from now on");
        if (wizard.IsTrue("has_phoneprov"))
            inventory.Notes.Add($"{wizard.Origin}: {wizard.Id} is provisioned by res_phoneprov, which then needs a section of its own");
    }

    /// <summary>Returns an object that a wizard makes: its own options first, then those of the wizard, as Asterisk appends them.</summary>
    private static PjsipObject Part(
        PjsipObject wizard, string type, string prefix, string id, params (string Name, string? Value)[] added) =>
        new(id, type,
            [
                .. wizard.Options.Where(option => option.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                    .Select(option => option with { Key = option.Key[prefix.Length..] }),
                .. added.Where(pair => !string.IsNullOrEmpty(pair.Value)).Select(pair => new ConfEntry(pair.Name, pair.Value!)),
            ],
            wizard.Origin)
        { Templates = wizard.Templates };
}
