using System.Text;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>
/// Maps an extension to the rows that Asterisk must read. The result depends on the extension, the settings and the columns of the tables
/// alone. Not thread-safe, because a buffer is reused between calls.
/// </summary>
public sealed class Mapper
{
    /// <summary>Columns that an extension's own columns are written to, and that not every Asterisk release has.</summary>
    private static readonly (RealtimeTable, string)[] OptionalColumns =
        [(RealtimeTable.Endpoint, "transport"), (RealtimeTable.Endpoint, "callerid"), (RealtimeTable.Endpoint, "mailboxes")];

    /// <summary>Columns that cannot be set by the application's <c>settings</c>, each with the column that sets it.</summary>
    private static readonly Dictionary<(RealtimeTable, string), string> ReservedOptions = new()
    {
        [(RealtimeTable.Endpoint, "id")] = "number",
        [(RealtimeTable.Endpoint, "aors")] = "number",
        [(RealtimeTable.Endpoint, "auth")] = "number",
        [(RealtimeTable.Auth, "id")] = "number",
        [(RealtimeTable.Auth, "username")] = "number",
        [(RealtimeTable.Auth, "password")] = "password",
        [(RealtimeTable.Aor, "id")] = "number",
    };

    private readonly RealtimeSchema _schema;
    private readonly EndpointDraft _draft;

    /// <summary>Values by column index of an extension without a profile, and of each profile.</summary>
    private readonly string?[] _defaults;
    private readonly Dictionary<string, string?[]> _profiles = new(StringComparer.Ordinal);
    private readonly List<string> _leftOut = [];

    /// <summary>Prepares the defaults and every profile for the columns of this database.</summary>
    /// <exception cref="SettingsException">An option in the configuration has a value that its column does not take.</exception>
    public Mapper(RealtimeSchema schema, RealtimeSettings settings)
    {
        _schema = schema;
        _draft = new EndpointDraft(schema);
        foreach (var (table, column) in OptionalColumns)
            if (schema.Find(table, column) is null)
                _leftOut.Add($"{table.Name} has no column {column}");
        var problems = new List<string>();
        _defaults = new string?[schema.Columns.Count];
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

    /// <summary>Configured options for which this database has no column, each once, in words.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Maps one active extension.</summary>
    /// <param name="problem">Why the extension cannot become an endpoint, and what would be right. Never the value of a secret.</param>
    public bool TryMap(Extension extension, out DesiredEndpoint mapped, out string problem)
    {
        mapped = null!;
        var number = extension.Number;
        if ((EndpointId.Problem(number, _schema.IdMaxLength) ?? ReservedNames.Problem(number)) is { } bad)
            return Refuse(bad, out problem);
        var values = _defaults;
        if (NotBlank(extension.Profile) is { } profile && !_profiles.TryGetValue(profile, out values!))
            return Refuse($"profile is not one of {string.Join(", ", _profiles.Keys.Order(StringComparer.Ordinal))}", out problem);
        if (!ExtensionOptions.TryParse(extension.Settings, out var options, out problem))
            return false;

        _draft.Begin(values);
        if (!SetColumns(extension, out problem)
            || !SetOptions(RealtimeTable.Endpoint, options.Endpoint, out problem)
            || !SetOptions(RealtimeTable.Auth, options.Auth, out problem)
            || !SetOptions(RealtimeTable.Aor, options.Aor, out problem)
            || !SetAuth(extension, options.Auth, out problem)
            || !OptionCombinations.AnswerSubscriptions(_draft, out problem)
            || !OptionCombinations.Check(_draft, out problem))
            return false;
        if (!options.Endpoint.ContainsKey("callerid"))
            KeepCallerNumber(extension);

        mapped = _draft.ToDesired(extension);
        return true;
    }

    /// <summary>Sets what the extension's own columns say, except the password.</summary>
    private bool SetColumns(Extension extension, out string problem)
    {
        var id = extension.Number;
        return _draft.Set(RealtimeTable.Endpoint, "aors", id, "number", out problem)
            && _draft.Set(RealtimeTable.Endpoint, "auth", id, "number", out problem)
            && _draft.Set(RealtimeTable.Auth, "username", id, "number", out problem)
            && SetIfGiven(RealtimeTable.Endpoint, "context", extension.Context, out problem)
            && SetIfGiven(RealtimeTable.Endpoint, "transport", extension.Transport, out problem)
            && SetIfGiven(RealtimeTable.Aor, "max_contacts", extension.MaxContacts, out problem)
            && SetCodecs(extension.Codecs, out problem)
            && SetCallerId(extension, out problem)
            && SetMailbox(extension, out problem);
    }

    private bool SetIfGiven(RealtimeTable table, string column, string? value, out string problem)
    {
        problem = "";
        return NotBlank(value) is not { } given || _draft.Set(table, column, given.Trim(), from: column, out problem);
    }

    private bool SetCodecs(string? codecs, out string problem)
    {
        problem = "";
        if (NotBlank(codecs) is null)
            return true;
        // "ulaw, alaw", {ulaw,alaw} and ["ulaw","alaw"] all mean the same list.
        var list = codecs!.Trim().Trim('[', ']', '{', '}')
            .Split([',', ' ', '|', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .Select(codec => codec.Trim('"')).Where(codec => codec.Length > 0).ToArray();
        if (list.Length == 0)
            return true;
        return _draft.Set(RealtimeTable.Endpoint, "disallow", "all", "codecs", out problem)
            && _draft.Set(RealtimeTable.Endpoint, "allow", string.Join(',', list), "codecs", out problem);
    }

    private bool SetCallerId(Extension extension, out string problem)
    {
        var (name, nameFrom) = NotBlank(extension.CallerIdName) is { } given
            ? (given, "caller_id_name")
            : (NotBlank(extension.DisplayName), "display_name");
        var number = CallerNumber(extension);
        if (number.AsSpan().IndexOfAny('<', '>', '"') >= 0 || number.Any(char.IsControl))
            return Refuse("caller_id_number must not hold < > \" or control characters", out problem);
        if (Encoding.UTF8.GetByteCount(number) > CallerId.MaxBytes)
            return Refuse($"caller_id_number is longer than the {CallerId.MaxBytes} bytes that Asterisk keeps", out problem);
        if (name is null)
            return _draft.Set(RealtimeTable.Endpoint, "callerid", $"<{number}>", "caller_id_number", out problem);
        if (name.Any(char.IsControl))
            return Refuse($"{nameFrom} holds a control character, such as a line break", out problem);
        var quoted = CallerId.Cut(name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return _draft.Set(RealtimeTable.Endpoint, "callerid", $"\"{quoted}\" <{number}>", nameFrom, out problem);
    }

    /// <summary>
    /// Returns the number that the called phone shows and calls back: the extension's own number as it is, or the given phone number
    /// without its separators.
    /// </summary>
    private static string CallerNumber(Extension extension) =>
        NotBlank(extension.CallerIdNumber) is { } given ? CallerId.Plain(given.Trim()) : extension.Number;

    /// <summary>
    /// Sets a channel variable with the caller's number if <c>callerid</c> cannot carry it. Asterisk strips some characters from the number
    /// in <c>callerid</c>, so that such an extension could not be called back; it does not strip a variable that is set on each channel.
    /// </summary>
    private void KeepCallerNumber(Extension extension)
    {
        var number = CallerNumber(extension);
        if (CallerId.Stripped(number) == number || _schema.Find(RealtimeTable.Endpoint, "set_var") is not { } column
            || _schema.Find(RealtimeTable.Endpoint, "callerid") is null)
            return;
        var others = _draft.Value(RealtimeTable.Endpoint, "set_var");
        var variables = RealtimeEncoding.Encode($"CALLERID(num)={number}") + (others is null ? "" : $";{others}");
        var isGiven = others?.Contains("CALLERID(", StringComparison.OrdinalIgnoreCase) is true;
        if (!isGiven && !(variables.Length > column.MaxLength))
            _draft.SetEncoded(column, variables);
    }

    private bool SetMailbox(Extension extension, out string problem)
    {
        problem = "";
        var mailbox = NotBlank(extension.VoicemailMailbox);
        var enabled = NotBlank(extension.VoicemailEnabled);
        if (enabled is not (null or "true" or "t" or "1" or "yes" or "y" or "on") || enabled is null && mailbox is null)
            return true;
        mailbox ??= extension.Mailbox ?? extension.Number;
        // Asterisk keeps the messages in a folder of that name.
        if (mailbox.Any(c => char.IsControl(c) || c is ' ' or ',' or '/' or '&')
            || mailbox.Split('@').Any(part => part is "" or "." or ".."))
            return Refuse("voicemail_mailbox must be one mailbox, such as 1001 or 1001@default", out problem);
        var full = mailbox.Contains('@', StringComparison.Ordinal) ? mailbox : mailbox + "@default";
        return _draft.Set(RealtimeTable.Endpoint, "mailboxes", full, "voicemail_mailbox", out problem);
    }

    /// <summary>Sets the password in clear text, unless <c>settings.auth</c> has a digest in its place.</summary>
    private bool SetAuth(Extension extension, IReadOnlyDictionary<string, string?> options, out string problem)
    {
        var (type, from) = Has("md5_cred") ? ("md5", "settings.auth.md5_cred") : ("userpass", "password");
        if (!Has("auth_type") && !_draft.Set(RealtimeTable.Auth, "auth_type", type, from, out problem))
            return false;
        problem = "";
        if (Has("password_digest"))
            return OptionCombinations.SetAlgorithms(_draft, out problem);
        if (Has("md5_cred"))
            return true;
        return PasswordRule.Problem(extension.Password) is { } bad
            ? Refuse(bad, out problem)
            : _draft.Set(RealtimeTable.Auth, "password", extension.Password!, "password", out problem);

        bool Has(string option) => options.GetValueOrDefault(option) is { Length: > 0 };
    }

    /// <summary>Sets what the application's <c>settings</c> say of one table.</summary>
    private bool SetOptions(RealtimeTable table, IReadOnlyDictionary<string, string?> options, out string problem)
    {
        problem = "";
        foreach (var (name, value) in options)
        {
            if (ReservedOptions.TryGetValue((table, name), out var source))
                return Refuse($"settings.{table.Section}.{Shown(name)} comes from the column {source}", out problem);
            if (_schema.Find(table, name) is not { } column)
                return Refuse($"settings.{table.Section}.{Shown(name)}: {table.Name} has no such column", out problem);
            if (value is null)
                _draft.Clear(column);
            else if (!_draft.Set(column, value, $"settings.{table.Section}.{name}", out problem))
                return false;
        }
        return true;
    }

    /// <summary>Writes configured options into the values of a profile.</summary>
    /// <param name="path">Where the options are in the configuration, for problems.</param>
    private void Prepare(OptionSet options, string path, string?[] values, List<string> problems)
    {
        Prepare(RealtimeTable.Endpoint, options.Endpoint, $"{path}:Endpoint");
        Prepare(RealtimeTable.Auth, options.Auth, $"{path}:Auth");
        Prepare(RealtimeTable.Aor, options.Aor, $"{path}:Aor");

        void Prepare(RealtimeTable table, IReadOnlyDictionary<string, string?> given, string section)
        {
            foreach (var (name, value) in given)
            {
                if (_schema.Find(table, name) is not { } column)
                    _leftOut.Add($"{section}:{name}, since {table.Name} has no such column");
                else if (string.IsNullOrEmpty(value))
                    values[column.Index] = null;
                else if (column.TryAccept(value, out var accepted, out var problem))
                    values[column.Index] = accepted;
                else
                    problems.Add($"{section}:{name}{(name == "allow" ? $" ({nameof(OptionSettings.Codecs)})" : "")} {problem}");
            }
        }
    }

    private static string? NotBlank(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
