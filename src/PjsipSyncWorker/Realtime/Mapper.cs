using System.Globalization;
using System.Text;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>Turns what the application wants into what Asterisk must read. Pure: no database, no clock.</summary>
public sealed class Mapper
{
    /// <summary>What an extension's own columns become, where this database has it.</summary>
    private static readonly (RealtimeTable, string)[] Mapped =
        [(RealtimeTable.Endpoint, "transport"), (RealtimeTable.Endpoint, "callerid"), (RealtimeTable.Endpoint, "mailboxes")];

    private readonly RealtimeSchema _catalogue;
    private readonly Dictionary<string, string?[]> _profiles = new(StringComparer.Ordinal);
    private readonly string?[] _defaults;
    private readonly string?[] _row;
    private readonly List<string> _leftOut = [];

    /// <summary>Prepares the defaults and every profile for this catalogue.</summary>
    /// <exception cref="SettingsException">An option in the configuration has a value its column does not take.</exception>
    public Mapper(RealtimeSchema catalogue, RealtimeSettings settings)
    {
        _catalogue = catalogue;
        _row = new string?[catalogue.Columns.Count];
        foreach (var (table, column) in Mapped)
            if (catalogue.Find(table, column) is null)
                _leftOut.Add($"{table.Name} has no column {column}");
        var problems = new List<string>();
        _defaults = new string?[catalogue.Columns.Count];
        Prepare(settings.Defaults, "Realtime:Defaults", _defaults, problems);
        foreach (var (name, options) in settings.Profiles)
        {
            var profile = (string?[])_defaults.Clone();
            Prepare(options, $"Realtime:Profiles:{name}", profile, problems);
            _profiles[name] = profile;
        }
        if (problems.Count > 0)
            throw new SettingsException(problems);
    }

    /// <summary>Configured options that this database has no column for, each said once.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Maps one active extension. Not for use by two threads at once.</summary>
    public bool TryMap(Extension extension, out DesiredEndpoint mapped, out string problem)
    {
        mapped = null!;
        var number = extension.Number;
        if ((EndpointId.Problem(number, _catalogue.IdMaxLength) ?? ReservedNames.Problem(number)) is { } bad)
            return Refuse(bad, out problem);
        var layer = _defaults;
        if (Given(extension.Profile) is { } profile && !_profiles.TryGetValue(profile, out layer!))
            return Refuse($"profile is not one of {string.Join(", ", _profiles.Keys.Order(StringComparer.Ordinal))}", out problem);
        if (!ExtensionOptions.TryParse(extension.Settings, out var options, out problem))
            return false;

        layer.CopyTo(_row, 0);
        if (!SetMapped(extension, out problem)
            || !SetOptions(RealtimeTable.Endpoint, options.Endpoint, ReservedEndpoint, out problem)
            || !SetOptions(RealtimeTable.Auth, options.Auth, ReservedAuth, out problem)
            || !SetOptions(RealtimeTable.Aor, options.Aor, ReservedAor, out problem)
            || !SetAuth(extension, options.Auth, out problem)
            || !AnswerSubscriptions(out problem)
            || !GoTogether(out problem))
            return false;
        if (!options.Endpoint.ContainsKey("callerid"))
            KeepCallerNumber(extension);

        mapped = Compact(extension);
        return true;
    }

    private bool SetMapped(Extension extension, out string problem)
    {
        var id = extension.Number;
        return Set(RealtimeTable.Endpoint, "aors", id, "number", out problem)
            && Set(RealtimeTable.Endpoint, "auth", id, "number", out problem)
            && Set(RealtimeTable.Auth, "username", id, "number", out problem)
            && SetGiven(RealtimeTable.Endpoint, "context", extension.Context, "context", out problem)
            && SetGiven(RealtimeTable.Endpoint, "transport", extension.Transport, "transport", out problem)
            && SetGiven(RealtimeTable.Aor, "max_contacts", extension.MaxContacts, "max_contacts", out problem)
            && SetCodecs(extension.Codecs, out problem)
            && SetCallerId(extension, out problem)
            && SetMailbox(extension, out problem);
    }

    private bool SetCodecs(string? codecs, out string problem)
    {
        problem = "";
        if (Given(codecs) is null)
            return true;
        // "ulaw, alaw", {ulaw,alaw} and ["ulaw","alaw"] all mean the same list.
        var list = codecs!.Trim().Trim('[', ']', '{', '}')
            .Split([',', ' ', '|', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .Select(codec => codec.Trim('"')).Where(codec => codec.Length > 0).ToArray();
        if (list.Length == 0)
            return true;
        return Set(RealtimeTable.Endpoint, "disallow", "all", "codecs", out problem)
            && Set(RealtimeTable.Endpoint, "allow", string.Join(',', list), "codecs", out problem);
    }

    private bool SetCallerId(Extension extension, out string problem)
    {
        var (name, nameFrom) = Given(extension.CallerIdName) is { } own ? (own, "caller_id_name") : (Given(extension.DisplayName), "display_name");
        var number = CallerNumber(extension);
        if (number.AsSpan().IndexOfAny('<', '>', '"') >= 0 || number.Any(char.IsControl))
            return Refuse("caller_id_number must not hold < > \" or control characters", out problem);
        if (Encoding.UTF8.GetByteCount(number) > CallerId.MaxBytes)
            return Refuse($"caller_id_number is longer than the {CallerId.MaxBytes} bytes that Asterisk keeps", out problem);
        if (name is null)
            return Set(RealtimeTable.Endpoint, "callerid", $"<{number}>", "caller_id_number", out problem);
        if (name.Any(char.IsControl))
            return Refuse($"{nameFrom} holds a control character, such as a line break", out problem);
        var quoted = CallerId.Cut(name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return Set(RealtimeTable.Endpoint, "callerid", $"\"{quoted}\" <{number}>", nameFrom, out problem);
    }

    /// <summary>What the called phone shows and calls back: the extension's own number as it is, a phone number without its separators.</summary>
    private static string CallerNumber(Extension extension) => Given(extension.CallerIdNumber) is { } given ? CallerId.Plain(given.Trim()) : extension.Number;

    /// <summary>
    /// Asterisk strips some characters from the number in <c>callerid</c>, so that an extension with one of them could not be called
    /// back. A variable that is set on each of its channels is not stripped.
    /// </summary>
    private void KeepCallerNumber(Extension extension)
    {
        var number = CallerNumber(extension);
        if (CallerId.Stripped(number) == number || _catalogue.Find(RealtimeTable.Endpoint, "set_var") is not { } column
            || _catalogue.Find(RealtimeTable.Endpoint, "callerid") is null)
            return;
        var others = Value(RealtimeTable.Endpoint, "set_var");
        var variables = RealtimeEncoding.Encode($"CALLERID(num)={number}") + (others is null ? "" : $";{others}");
        if (others?.Contains("CALLERID(", StringComparison.OrdinalIgnoreCase) is not true && !(variables.Length > column.MaxLength))
            _row[column.Index] = variables;
    }

    private bool SetMailbox(Extension extension, out string problem)
    {
        problem = "";
        var mailbox = Given(extension.VoicemailMailbox);
        var enabled = Given(extension.VoicemailEnabled) is { } text ? text is "true" or "t" or "1" or "yes" or "y" or "on" : mailbox is not null;
        if (!enabled)
            return true;
        mailbox ??= extension.Mailbox ?? extension.Number;
        // Asterisk keeps the messages in a folder of that name.
        if (mailbox.Any(c => char.IsControl(c) || c is ' ' or ',' or '/' or '&') || mailbox.Split('@').Any(part => part is "" or "." or ".."))
            return Refuse("voicemail_mailbox must be one mailbox, such as 1001 or 1001@default", out problem);
        return Set(RealtimeTable.Endpoint, "mailboxes", mailbox.Contains('@', StringComparison.Ordinal) ? mailbox : mailbox + "@default", "voicemail_mailbox", out problem);
    }

    /// <summary>A password in clear text, or what stands for it in <c>settings.auth</c>.</summary>
    private bool SetAuth(Extension extension, IReadOnlyDictionary<string, string?> options, out string problem)
    {
        var (type, from) = Has("md5_cred") ? ("md5", "settings.auth.md5_cred") : ("userpass", "password");
        if (!Has("auth_type") && !Set(RealtimeTable.Auth, "auth_type", type, from, out problem))
            return false;
        if (Has("password_digest"))
            return SetAlgorithms(out problem);
        if (Has("md5_cred"))
            return Nothing(out problem);
        return PasswordRule.Problem(extension.Password) is { } bad
            ? Refuse(bad, out problem)
            : Set(RealtimeTable.Auth, "password", extension.Password!, "password", out problem);

        bool Has(string option) => options.GetValueOrDefault(option) is { Length: > 0 };
    }

    /// <summary>Without a password only the algorithms that have a digest can be offered, and Asterisk offers MD5 when it is told of none.</summary>
    private bool SetAlgorithms(out string problem)
    {
        var algorithms = string.Join(',', OptionRules.AlgorithmsOf(Value(RealtimeTable.Auth, "password_digest")!));
        foreach (var column in new[] { "supported_algorithms_uas", "supported_algorithms_uac" })
        {
            if (Value(RealtimeTable.Auth, column) is null && !Set(RealtimeTable.Auth, column, algorithms, "settings.auth.password_digest", out problem))
                return false;
        }
        return Nothing(out problem);
    }

    /// <summary>
    /// A SUBSCRIBE for messages is answered when the AOR names the mailbox. Where the endpoint is told of that mailbox without asking, the
    /// answer is 500, unless the one takes the place of the other.
    /// </summary>
    private bool AnswerSubscriptions(out string problem)
    {
        const string replaces = "mwi_subscribe_replaces_unsolicited";
        var told = Value(RealtimeTable.Endpoint, "mailboxes")?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        var asked = Value(RealtimeTable.Aor, "mailboxes")?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        if (!told.Intersect(asked, StringComparer.Ordinal).Any() || IsYes(replaces))
            return Nothing(out problem);
        return Value(RealtimeTable.Endpoint, replaces) is null && _catalogue.Find(RealtimeTable.Endpoint, replaces) is not null
            ? Set(RealtimeTable.Endpoint, replaces, "yes", $"settings.endpoint.{replaces}", out problem)
            : Refuse($"settings.aor.mailboxes names a mailbox of the endpoint, so that settings.endpoint.{replaces} must be yes: Asterisk would answer a SUBSCRIBE for messages with 500", out problem);
    }

    /// <summary>Options that Asterisk takes one by one and refuses together.</summary>
    private bool GoTogether(out string problem)
    {
        if (Number(RealtimeTable.Endpoint, "timers_min_se", 90) > Number(RealtimeTable.Endpoint, "timers_sess_expires", 1800))
            return Refuse("settings.endpoint.timers_sess_expires (1800 when not given) must not be less than timers_min_se", out problem);
        if (IsYes("dtls_auto_generate_cert") && Value(RealtimeTable.Endpoint, "dtls_cert_file") is not null)
            return Refuse("settings.endpoint: only one of dtls_auto_generate_cert and dtls_cert_file can be given", out problem);
        if (IsYes("preferred_codec_only") && Value(RealtimeTable.Endpoint, "incoming_call_offer_pref") is not (null or "local"))
            return Refuse("settings.endpoint: only one of preferred_codec_only and incoming_call_offer_pref can be given", out problem);
        if (Number(RealtimeTable.Aor, "max_contacts", 1) == 0 && Value(RealtimeTable.Aor, "contact") is null)
            return Refuse("max_contacts is 0, so that no phone can register: it must be 1 or more, or settings.aor.contact must say where the phone is", out problem);
        if (Value(RealtimeTable.Auth, "password") is null && Value(RealtimeTable.Auth, "auth_type") is not "google_oauth")
        {
            var digests = (Value(RealtimeTable.Auth, "password_digest") is { } given ? OptionRules.AlgorithmsOf(given) : [])
                .Concat(Value(RealtimeTable.Auth, "md5_cred") is null ? [] : ["MD5"]).ToArray();
            foreach (var column in new[] { "supported_algorithms_uas", "supported_algorithms_uac" })
            {
                foreach (var algorithm in (Value(RealtimeTable.Auth, column) ?? "MD5").Split(','))
                {
                    if (!digests.Contains(algorithm, StringComparer.Ordinal))
                        return Refuse($"settings.auth.{column} asks for {algorithm}, and password_digest has none: Asterisk would refuse every REGISTER", out problem);
                }
            }
        }
        return Nothing(out problem);
    }

    private bool IsYes(string column) => Value(RealtimeTable.Endpoint, column) is "yes" or "true" or "on" or "1";

    private int Number(RealtimeTable table, string column, int otherwise) =>
        int.TryParse(Value(table, column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    /// <summary>What the row being mapped has so far; null: nothing, or an empty text, or no such column.</summary>
    private string? Value(RealtimeTable table, string column) =>
        _catalogue.Find(table, column) is { } known && _row[known.Index] is { Length: > 0 } value ? value : null;

    private static readonly Dictionary<string, string> ReservedEndpoint = new() { ["id"] = "number", ["aors"] = "number", ["auth"] = "number" };
    private static readonly Dictionary<string, string> ReservedAuth = new() { ["id"] = "number", ["username"] = "number", ["password"] = "password" };
    private static readonly Dictionary<string, string> ReservedAor = new() { ["id"] = "number" };

    private bool SetOptions(
        RealtimeTable table, IReadOnlyDictionary<string, string?> options, Dictionary<string, string> reserved, out string problem)
    {
        problem = "";
        foreach (var (name, value) in options)
        {
            if (reserved.TryGetValue(name, out var column))
                return Refuse($"settings.{table.Section}.{Shown(name)} comes from the column {column}", out problem);
            if (_catalogue.Find(table, name) is not { } known)
                return Refuse($"settings.{table.Section}.{Shown(name)}: {table.Name} has no such column", out problem);
            if (value is null)
                _row[known.Index] = null;
            else if (!SetColumn(known, value, $"settings.{table.Section}.{name}", out problem))
                return false;
        }
        return true;
    }

    private bool SetGiven(RealtimeTable table, string column, string? value, string from, out string problem)
    {
        if (Given(value) is { } given)
            return Set(table, column, given.Trim(), from, out problem);
        problem = "";
        return true;
    }

    private bool Set(RealtimeTable table, string column, string value, string from, out string problem)
    {
        if (_catalogue.Find(table, column) is { } known)
            return SetColumn(known, value, from, out problem);
        problem = "";
        return true;
    }

    private bool SetColumn(RealtimeColumn column, string value, string from, out string problem)
    {
        if (column.TryAccept(value, out var accepted, out problem))
        {
            _row[column.Index] = accepted;
            return true;
        }
        problem = $"{from} {problem}";
        return false;
    }

    private DesiredEndpoint Compact(Extension extension)
    {
        var columns = new ColumnSet();
        for (var i = 0; i < _row.Length; i++)
            if (_row[i] is not null)
                columns = columns.With(i);
        var values = new string[columns.Count];
        var next = 0;
        foreach (var index in columns)
            values[next++] = _row[index]!;
        return new DesiredEndpoint(extension.Number, extension.RowKey, columns, values) { Mailbox = MailboxOf(extension) };
    }

    /// <summary>The first one listed: the others an endpoint only watches.</summary>
    private Mailbox? MailboxOf(Extension extension) =>
        Value(RealtimeTable.Endpoint, "mailboxes")?.Split(',', 2)[0] is { } name ? new Mailbox(name, IsNamed: name != extension.Mailbox) : null;

    private void Prepare(OptionSet options, string path, string?[] row, List<string> problems)
    {
        foreach (var (table, section, values) in new[]
        {
            (RealtimeTable.Endpoint, "Endpoint", options.Endpoint), (RealtimeTable.Auth, "Auth", options.Auth), (RealtimeTable.Aor, "Aor", options.Aor),
        })
        {
            foreach (var (name, value) in values)
            {
                if (_catalogue.Find(table, name) is not { } column)
                {
                    var missing = $"{path}:{section}:{name}, since {table.Name} has no such column";
                    if (!_leftOut.Contains(missing))
                        _leftOut.Add(missing);
                }
                else if (string.IsNullOrEmpty(value))
                    row[column.Index] = null;
                else if (column.TryAccept(value, out var accepted, out var problem))
                    row[column.Index] = accepted;
                else
                    problems.Add($"{path}:{section}:{name}{(name == "allow" ? $" ({ShortOptions.Codecs})" : "")} {problem}");
            }
        }
    }

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;

    private static bool Nothing(out string problem)
    {
        problem = "";
        return true;
    }
}
