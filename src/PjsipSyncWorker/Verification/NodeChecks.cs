using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>One Asterisk, as far as its manager interface can tell.</summary>
/// <param name="systemNames">The system names of the nodes checked before, by node name. The check adds this node's.</param>
internal sealed class NodeChecks(
    NodeSettings node, WorkerSettings settings, NpgsqlDataSource dataSource, Dictionary<string, string> systemNames)
    : IAmiEventHandler, IAsyncDisposable
{
    // The names of checks that others require.
    public const string Login = "asterisk.login";
    public const string Booted = "asterisk.booted";
    public const string Rights = "asterisk.privileges";
    private const string Tcp = "asterisk.tcp";

    /// <summary>
    /// The proof requires this check, because PJSIP reads nothing at all when extconfig.conf has no line for ps_contacts.
    /// </summary>
    private const string Contacts = "asterisk.contacts";

    private const string GeneralAdvice = "Run it again; if it stays so, see Asterisk's log";

    private const string BootedAdvice =
        "Wait until Asterisk has started; if it stays so, see its log for a module that hangs (a database that does not answer)";

    private const string WriteAdvice = "In manager.conf: write = system,reporting,command";

    private const string SystemNameAdvice =
        "Give each server its own systemname in asterisk.conf, section [options], and restart Asterisk";

    private const string ModulesAdvice =
        "Install the package that has them (Debian: asterisk-modules, odbc-postgresql), take noload lines out of modules.conf, "
        + "see Asterisk's log for why a module declined to load";

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    private static readonly string[] Modules = ["res_odbc", "res_config_odbc", "res_sorcery_realtime", "res_pjsip", "res_pjsip_registrar"];

    private AmiConnection? _connection;

    private static readonly string[] LoggedIn = [Login, Booted];

    private static readonly string[] Allowed = [Login, Booted, Rights];

    private static readonly string[] AllowedOnDatabase = [.. Allowed, DatabaseChecks.Schema, DatabaseChecks.Rights];

    /// <summary>The checks, each after those that it requires.</summary>
    public IEnumerable<Check> Checks =>
    [
        OfNode(Tcp, ConnectAsync, [], TcpAdvice),
        OfNode(Login, LoginAsync, [Tcp], LoginAdvice),
        OfNode(Booted, BootedAsync, [Login], BootedAdvice),
        OfNode(Rights, RightsAsync, LoggedIn),
        OfNode("asterisk.version", VersionAsync, LoggedIn, WriteAdvice),
        OfNode("asterisk.systemname", SystemNameAsync, LoggedIn, WriteAdvice),
        OfNode("asterisk.modules", ModulesAsync, LoggedIn),
        OfNode(Contacts, cancellation => new ContactsCheck(_connection!, dataSource, settings).RunAsync(cancellation),
            [.. Allowed, DatabaseChecks.Schema]),
        OfNode("asterisk.view", cancellation => Reading.ViewAsync(cancellation), [.. Allowed, DatabaseChecks.Schema]),
        OfNode("asterisk.caches", cancellation => Reading.CachesAsync(cancellation), Allowed),
        OfNode("asterisk.domains", cancellation => Reading.DomainsAsync(cancellation), [.. Allowed, DatabaseChecks.Schema]),
        OfNode("asterisk.files", cancellation => Names.FilesAsync(cancellation), AllowedOnDatabase),
        OfNode("asterisk.dialplan", cancellation => Names.DialplanAsync(cancellation), AllowedOnDatabase),
        OfNode("asterisk.unloadable", UnloadableAsync, [DatabaseChecks.Schema, DatabaseChecks.Rights]),
        OfNode("asterisk.references", cancellation => new ReferenceCheck(_connection!, dataSource, settings).RunAsync(cancellation),
            [.. AllowedOnDatabase, DatabaseChecks.Realtime]) with { Limit = TimeSpan.FromMinutes(1) },
        OfNode("asterisk.proof", cancellation => new RealtimeProof(_connection!, dataSource, settings).RunAsync(cancellation),
            [.. AllowedOnDatabase, Contacts, DatabaseChecks.Realtime]),
    ];

    private string TcpAdvice =>
        "Is Asterisk running, and does manager.conf have enabled = yes, bindaddr and port "
        + $"as Asterisk:Nodes has them ({node.Host}:{node.Port})?";

    private string LoginAdvice =>
        $"Is {node.Host}:{node.Port} the port of manager.conf? There: a section [{node.Username}] with the secret of Asterisk:Nodes, "
        + "and permit = for this machine's address; then manager reload";

    private ReadingChecks Reading => new(_connection!, dataSource, settings, node.Name);

    private NameChecks Names => new(_connection!, node, dataSource, settings);

    void IAmiEventHandler.OnEvent(in AmiMessage message)
    {
        // The checks read responses only.
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    private Check OfNode(
        string name, Func<CancellationToken, Task<CheckResult>> run, string[] requires, string advice = GeneralAdvice) =>
        new(name, run) { Node = node.Name, Requires = requires, Advice = advice };

    private async Task<CheckResult> ConnectAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AnswerTimeout);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(node.Host, node.Port, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new AmiTimeoutException($"{node.Host}:{node.Port} did not connect within {AnswerTimeout.TotalSeconds:0} s");
        }
        return CheckResult.Pass($"{node.Host}:{node.Port} accepts connections");
    }

    private async Task<CheckResult> LoginAsync(CancellationToken cancellation)
    {
        _connection = await AmiConnection.ConnectAsync(
            NodeAccess.Options(node, [], AnswerTimeout, PingInterval), this, NullLogger.Instance, TimeProvider.System, cancellation);
        return CheckResult.Pass($"as {node.Username}, AMI {_connection.ProtocolVersion}{(node.Tls ? " over TLS" : "")}");
    }

    private async Task<CheckResult> BootedAsync(CancellationToken cancellation)
    {
        try
        {
            await _connection!.FullyBooted.WaitAsync(AnswerTimeout, cancellation);
        }
        catch (TimeoutException)
        {
            // A user without the class system does not receive the event. The response to CoreStatus tells as well.
            var answer = await _connection!.SendAsync(new AmiAction("CoreStatus"), cancellation);
            if (!answer.Success || answer.Get("CoreStartupTime") is null)
                throw new AmiTimeoutException("Asterisk has not finished booting (no FullyBooted event)");
        }
        return CheckResult.Pass("fully booted");
    }

    private async Task<CheckResult> RightsAsync(CancellationToken cancellation)
    {
        var missing = await AmiPermissions.MissingAsync(_connection!, node.Username, cancellation);
        return missing.Count == 0
            ? CheckResult.Pass("read and write classes are what the worker needs")
            : CheckResult.Fail($"the AMI user {node.Username} lacks {string.Join(", ", missing)}",
                $"In manager.conf, section [{node.Username}]: read = system,call and write = system,reporting,command; "
                + "then manager reload");
    }

    private async Task<CheckResult> VersionAsync(CancellationToken cancellation)
    {
        var version = (await SettingsAsync(cancellation)).Get("AsteriskVersion") ?? "";
        var digits = version.TakeWhile(char.IsAsciiDigit).ToArray();
        // A version that was built from a branch has a name instead of a number, and is taken for a new one.
        if (!int.TryParse(digits, out var major) || major >= 18)
            return CheckResult.Pass($"Asterisk {version}");
        return major >= 13
            ? CheckResult.Warn($"Asterisk {version}", "Upgrade: this release gets no security fixes any more")
            : CheckResult.Fail($"Asterisk {version}", "Upgrade: PJSIP realtime as it is written here is that of Asterisk 13 and newer");
    }

    private async Task<CheckResult> SystemNameAsync(CancellationToken cancellation)
    {
        var name = (await SettingsAsync(cancellation)).Get("SystemName");
        var others = await OthersAsync(cancellation);
        foreach (var (other, systemName) in systemNames)
            others[other] = systemName;
        if (string.IsNullOrEmpty(name))
        {
            return others.Count == 0
                ? CheckResult.Warn("systemname is empty", $"{SystemNameAdvice}: a second server could not be told from this one")
                : CheckResult.Fail("systemname is empty",
                    $"{SystemNameAdvice}: with a shared ps_contacts it alone says which server a phone is registered with");
        }
        systemNames[node.Name] = name;
        var same = others.Where(other => other.Value == name).Select(other => other.Key).ToList();
        return same.Count == 0
            ? CheckResult.Pass(name)
            : CheckResult.Fail($"systemname {name} is also that of {string.Join(", ", same)}", SystemNameAdvice);
    }

    /// <summary>The system names that workers stored for other nodes within the last day, by node name.</summary>
    private async Task<Dictionary<string, string>> OthersAsync(CancellationToken cancellation)
    {
        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            await using var command = dataSource.CreateCommand(
                "select name, system_name from pjsip_sync.node where name <> $1 and last_seen_at > now() - interval '1 day'");
            command.Parameters.Add(new() { Value = node.Name });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                others[reader.GetString(0)] = reader.TextOrNull(1) ?? "";
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            // database.reachable reports this. The nodes of this configuration can still be compared with each other.
        }
        return others;
    }

    private async Task<CheckResult> ModulesAsync(CancellationToken cancellation)
    {
        var missing = new List<string>();
        foreach (var module in Modules)
        {
            var answer = await _connection!.SendAsync(new AmiAction("ModuleCheck") { { "Module", module } }, cancellation);
            if (answer.Success)
                continue;
            var isReasonKnown = answer.Message.Contains("not loaded", StringComparison.OrdinalIgnoreCase);
            missing.Add(isReasonKnown ? module : $"{module} ({answer.Message})");
        }
        return missing.Count == 0
            ? CheckResult.Pass($"{string.Join(", ", Modules)} are loaded")
            : CheckResult.Fail($"not loaded: {string.Join(", ", missing)}", ModulesAdvice);
    }

    private async Task<CheckResult> UnloadableAsync(CancellationToken cancellation)
    {
        var unloadable = await NamedExtensions.ReadAsync(
            dataSource, "pjsip_sync.unloadable where node = $1", "found_at", cancellation, new NpgsqlParameter { Value = node.Name });
        return unloadable.Count == 0
            ? CheckResult.Pass("this server could load every extension that was announced to it")
            : CheckResult.Warn(unloadable.Say("cannot be loaded by this server", "cannot be loaded by this server"),
                "Correct the option in these rows or their profile: select * from pjsip_sync.unloadable");
    }

    private Task<AmiResponse> SettingsAsync(CancellationToken cancellation) =>
        AsteriskQueries.ExpectAsync(_connection!, new AmiAction("CoreSettings"), cancellation);
}
