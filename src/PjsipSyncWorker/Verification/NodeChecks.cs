using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>One Asterisk, as far as it can be asked over its manager interface.</summary>
/// <param name="systemNames">Those of the nodes looked at before, by name; this one's is added.</param>
internal sealed class NodeChecks(NodeSettings node, WorkerSettings settings, NpgsqlDataSource dataSource, Dictionary<string, string> systemNames) : IAmiEventHandler, IAsyncDisposable
{
    public const string Login = "asterisk.login";
    public const string Booted = "asterisk.booted";
    public const string Rights = "asterisk.privileges";
    private const string Tcp = "asterisk.tcp";

    /// <summary>Without its line for ps_contacts PJSIP reads nothing at all.</summary>
    private const string Contacts = "asterisk.contacts";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    private static readonly string[] Modules = ["res_odbc", "res_config_odbc", "res_sorcery_realtime", "res_pjsip", "res_pjsip_registrar"];

    private AmiConnection? _connection;

    public IEnumerable<Step> Steps =>
    [
        Step(Tcp, ConnectAsync, [], $"Is Asterisk running, and does manager.conf have enabled = yes, bindaddr and port as Asterisk:Nodes has them ({node.Host}:{node.Port})?"),
        Step(Login, LoginAsync, [Tcp], $"Is {node.Host}:{node.Port} the port of manager.conf? There: a section [{node.Username}] with the secret of Asterisk:Nodes, and permit = for this machine's address; then manager reload"),
        Step(Booted, BootedAsync, [Login], "Wait until Asterisk has started; if it stays so, see its log for a module that hangs (a database that does not answer)"),
        Step(Rights, RightsAsync, [Login, Booted]),
        Step("asterisk.version", VersionAsync, [Login, Booted], "In manager.conf: write = system,reporting,command"),
        Step("asterisk.systemname", SystemNameAsync, [Login, Booted], "In manager.conf: write = system,reporting,command"),
        Step("asterisk.modules", ModulesAsync, [Login, Booted]),
        Step(Contacts, cancellation => new ContactsCheck(_connection!, dataSource, settings).LookAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema]),
        Step("asterisk.view", cancellation => Reading.ViewAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema]),
        Step("asterisk.caches", cancellation => Reading.CachesAsync(cancellation), [Login, Booted, Rights]),
        Step("asterisk.domains", cancellation => Reading.DomainsAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema]),
        Step("asterisk.files", cancellation => Names.FilesAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema, DatabaseChecks.Rights]),
        Step("asterisk.dialplan", cancellation => Names.DialplanAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema, DatabaseChecks.Rights]),
        Step("asterisk.unloadable", UnloadableAsync, [DatabaseChecks.Schema, DatabaseChecks.Rights]),
        Step("asterisk.references", cancellation => new ReferenceCheck(_connection!, dataSource, settings).LookAsync(cancellation), [Login, Booted, Rights, DatabaseChecks.Schema, DatabaseChecks.Rights, DatabaseChecks.Realtime])
            with { Limit = TimeSpan.FromMinutes(1) },
        Step("asterisk.proof", cancellation => new RealtimeProof(_connection!, dataSource, settings).LookAsync(cancellation), [Login, Booted, Rights, Contacts, DatabaseChecks.Schema, DatabaseChecks.Rights, DatabaseChecks.Realtime]),
    ];

    private ReadingChecks Reading => new(_connection!, dataSource, settings, node.Name);

    private NameChecks Names => new(_connection!, node, dataSource, settings);

    void IAmiEventHandler.OnEvent(in AmiMessage message)
    {
        // Only answers count here.
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    private Step Step(string name, Func<CancellationToken, Task<Finding>> look, string[] requires, string advice = "Run it again; if it stays so, see Asterisk's log") =>
        new(name, look) { Node = node.Name, Requires = requires, Advice = advice };

    private async Task<Finding> ConnectAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(node.Host, node.Port, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new AmiTimeoutException($"{node.Host}:{node.Port} did not connect within {Patience.TotalSeconds:0} s");
        }
        return Finding.Pass($"{node.Host}:{node.Port} accepts connections");
    }

    private async Task<Finding> LoginAsync(CancellationToken cancellation)
    {
        _connection = await AmiConnection.ConnectAsync(
            NodeAccess.Options(node, [], Patience, PingInterval), this, NullLogger.Instance, TimeProvider.System, cancellation);
        return Finding.Pass($"as {node.Username}, AMI {_connection.ProtocolVersion}{(node.Tls ? " over TLS" : "")}");
    }

    private async Task<Finding> BootedAsync(CancellationToken cancellation)
    {
        try
        {
            await _connection!.FullyBooted.WaitAsync(Patience, cancellation);
        }
        catch (TimeoutException)
        {
            // The event is of class system; without that class only a command can tell.
            var answer = await _connection!.SendAsync(new AmiAction("CoreStatus"), cancellation);
            if (!answer.Success || answer.Get("CoreStartupTime") is null)
                throw new AmiTimeoutException("Asterisk has not finished booting (no FullyBooted event)");
        }
        return Finding.Pass("fully booted");
    }

    private async Task<Finding> RightsAsync(CancellationToken cancellation)
    {
        var missing = await AmiPermissions.MissingAsync(_connection!, node.Username, cancellation);
        return missing.Count == 0
            ? Finding.Pass("read and write classes are what the worker needs")
            : Finding.Fail($"the AMI user {node.Username} lacks {string.Join(", ", missing)}",
                $"In manager.conf, section [{node.Username}]: read = system,call and write = system,reporting,command; then manager reload");
    }

    private async Task<Finding> VersionAsync(CancellationToken cancellation)
    {
        var version = (await SettingsAsync(cancellation)).Get("AsteriskVersion") ?? "";
        var digits = version.TakeWhile(char.IsAsciiDigit).ToArray();
        // A version built from a branch has a name and no number.
        if (!int.TryParse(digits, out var major) || major >= 18)
            return Finding.Pass($"Asterisk {version}");
        return major >= 13
            ? Finding.Warn($"Asterisk {version}", "Upgrade: this release gets no security fixes any more")
            : Finding.Fail($"Asterisk {version}", "Upgrade: PJSIP realtime as it is written here is that of Asterisk 13 and newer");
    }

    private async Task<Finding> SystemNameAsync(CancellationToken cancellation)
    {
        const string advice = "Give each server its own systemname in asterisk.conf, section [options], and restart Asterisk";
        var name = (await SettingsAsync(cancellation)).Get("SystemName");
        var others = await OthersAsync(cancellation);
        foreach (var (other, systemName) in systemNames)
            others[other] = systemName;
        if (string.IsNullOrEmpty(name))
            return others.Count == 0 ? Finding.Warn("systemname is empty", $"{advice}: a second server could not be told from this one")
                : Finding.Fail("systemname is empty", $"{advice}: with a shared ps_contacts it alone says which server a phone is registered with");
        systemNames[node.Name] = name;
        var same = others.Where(other => other.Value == name).Select(other => other.Key).ToList();
        return same.Count == 0 ? Finding.Pass(name) : Finding.Fail($"systemname {name} is also that of {string.Join(", ", same)}", advice);
    }

    private async Task<Dictionary<string, string>> OthersAsync(CancellationToken cancellation)
    {
        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            await using var command = dataSource.CreateCommand("select name, system_name from pjsip_sync.node where name <> $1 and last_seen_at > now() - interval '1 day'");
            command.Parameters.Add(new() { Value = node.Name });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                others[reader.GetString(0)] = reader.TextOrNull(1) ?? "";
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            // A check of its own says so; the nodes of this configuration can be compared all the same.
        }
        return others;
    }

    private async Task<Finding> ModulesAsync(CancellationToken cancellation)
    {
        var missing = new List<string>();
        foreach (var module in Modules)
        {
            var answer = await _connection!.SendAsync(new AmiAction("ModuleCheck") { { "Module", module } }, cancellation);
            if (!answer.Success)
                missing.Add(answer.Message.Contains("not loaded", StringComparison.OrdinalIgnoreCase) ? module : $"{module} ({answer.Message})");
        }
        return missing.Count == 0
            ? Finding.Pass($"{string.Join(", ", Modules)} are loaded")
            : Finding.Fail($"not loaded: {string.Join(", ", missing)}",
                "Install the package that has them (Debian: asterisk-modules, odbc-postgresql), take noload lines out of modules.conf, see Asterisk's log for why a module declined to load");
    }

    private async Task<Finding> UnloadableAsync(CancellationToken cancellation)
    {
        var unloadable = await NamedExtensions.ReadAsync(dataSource, "pjsip_sync.unloadable where node = $1", "found_at", cancellation, new NpgsqlParameter { Value = node.Name });
        return unloadable.Count == 0
            ? Finding.Pass("this server could load every extension that was announced to it")
            : Finding.Warn(unloadable.Say("cannot be loaded by this server", "cannot be loaded by this server"),
                "Correct the option in these rows or their profile: select * from pjsip_sync.unloadable");
    }

    private Task<AmiResponse> SettingsAsync(CancellationToken cancellation) =>
        AsteriskQueries.ExpectAsync(_connection!, new AmiAction("CoreSettings"), cancellation);
}
