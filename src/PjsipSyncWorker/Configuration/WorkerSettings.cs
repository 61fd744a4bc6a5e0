namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Everything a person can set, read and validated once at start by <see cref="SettingsReader"/>. What is said here of each
/// setting is what docs/reference/configuration.md says of it.
/// </summary>
/// <param name="ConnectionString">The database of the source table, as Npgsql has it; with a standby, both hosts (<c>Host=db1,db2</c>).</param>
public sealed record WorkerSettings(
    string ConnectionString,
    SourceSettings Source,
    RealtimeSettings Realtime,
    AsteriskSettings Asterisk,
    SyncSettings Sync,
    MetricsSettings Metrics);

/// <summary>The application's table.</summary>
/// <param name="Table">Its name; without a schema one of <c>public</c>.</param>
/// <param name="Columns">One of our names (<c>Number</c>, <c>CallerIdName</c>, …; docs/use/sql.md lists them) to a column or SQL expression of that table; what is not mapped is the column of our own name, where there is one.</param>
/// <param name="Active">SQL condition for the rows that are phones now; empty: the column <c>enabled</c> where there is one, else all.</param>
/// <param name="StatusTable">A table of its own for the status, so that no row of <c>Table</c> is ever written; without a schema one of <c>public</c>; empty: the status is written into <c>Table</c>.</param>
public sealed record SourceSettings(string Table, IReadOnlyDictionary<string, string> Columns, string Active, string StatusTable = "");

/// <summary>The tables Asterisk reads.</summary>
/// <param name="Schema">The schema of ps_endpoints, ps_auths, ps_aors and ps_contacts.</param>
/// <param name="Defaults">Options of every extension that does not say otherwise.</param>
/// <param name="Profiles">Named sets of options, chosen by the column <c>profile</c>, over the defaults.</param>
public sealed record RealtimeSettings(string Schema, OptionSet Defaults, IReadOnlyDictionary<string, OptionSet> Profiles);

/// <summary>Options of the three tables by column name; null takes an option of a lower layer out again.</summary>
/// <param name="Endpoint">Any column of ps_endpoints, by its name.</param>
/// <param name="Auth">Any column of ps_auths, by its name.</param>
/// <param name="Aor">Any column of ps_aors, by its name.</param>
public sealed record OptionSet(
    IReadOnlyDictionary<string, string?> Endpoint,
    IReadOnlyDictionary<string, string?> Auth,
    IReadOnlyDictionary<string, string?> Aor)
{
    /// <summary>No options.</summary>
    public static OptionSet Empty { get; } = new(
        new Dictionary<string, string?>(), new Dictionary<string, string?>(), new Dictionary<string, string?>());
}

/// <summary>Short names for the options that everybody sets.</summary>
internal static class ShortOptions
{
    /// <summary>Where in the dialplan a phone's calls begin: <c>ps_endpoints.context</c>.</summary>
    public const string Context = "Context";

    /// <summary>Codecs in their order, with commas between: <c>ps_endpoints.allow</c>.</summary>
    public const string Codecs = "Codecs";

    /// <summary>A transport of pjsip.conf: <c>ps_endpoints.transport</c>; not given: any.</summary>
    public const string Transport = "Transport";

    /// <summary>How many phones may share a number: <c>ps_aors.max_contacts</c>.</summary>
    public const string MaxContacts = "MaxContacts";

    /// <summary>Seconds between two OPTIONS to each phone, 0 for none: <c>ps_aors.qualify_frequency</c>.</summary>
    public const string QualifyFrequency = "QualifyFrequency";
}

/// <summary>How the worker keeps the target equal to the source.</summary>
/// <param name="BatchSize">Changes taken in one transaction.</param>
/// <param name="PollInterval">The longest time a change can wait when its notification was lost.</param>
/// <param name="ReconcileInterval">Time between full comparisons.</param>
/// <param name="Adopt">Take over existing ps_* rows whose id is a new extension's number.</param>
/// <param name="MaxRemovalShare">The share of owned endpoints, 0 to 1, that a reconcile may remove without a recorded change.</param>
/// <param name="MaxRemovalCount">The number it may remove whatever the share.</param>
public sealed record SyncSettings(
    int BatchSize, TimeSpan PollInterval, TimeSpan ReconcileInterval, bool Adopt, double MaxRemovalShare, int MaxRemovalCount);

/// <summary>The Asterisk servers and how they are followed.</summary>
/// <param name="Nodes">Empty: loop 2 is off.</param>
/// <param name="SnapshotInterval">Time between full comparisons with Asterisk.</param>
/// <param name="StaleAfter">How long the contacts of a node that is away still count.</param>
/// <param name="ForgetAfter">How long a node that no worker follows may be away before it is forgotten.</param>
/// <param name="UnreachableIsOffline">Whether a phone that does not answer OPTIONS counts as offline.</param>
/// <param name="RefreshesPerSecond">The most new or changed extensions that are announced to each Asterisk in a second; fewer where a command takes longer.</param>
/// <param name="Render">What the Asterisk-side files need beyond that.</param>
public sealed record AsteriskSettings(
    IReadOnlyList<NodeSettings> Nodes, TimeSpan SnapshotInterval, TimeSpan StaleAfter, TimeSpan ForgetAfter, bool UnreachableIsOffline, int RefreshesPerSecond, RenderSettings Render)
{
    /// <summary>Several servers on one database keep their contacts apart, unless told otherwise.</summary>
    public bool ContactsInAstdb => (Render.Contacts ?? (Nodes.Count > 1 ? "astdb" : "realtime")) == "astdb";
}

/// <summary>One Asterisk server's manager interface.</summary>
/// <param name="Name">Contacts are kept by it; another name is another server. The following entries are <c>node2</c> and so on.</param>
/// <param name="Host">Where its manager interface listens.</param>
/// <param name="Port">Its port: <c>port</c> of manager.conf, or <c>tlsbindaddr</c>'s with <c>Tls</c>.</param>
/// <param name="Username">The user's section in manager.conf.</param>
/// <param name="Secret">The user's secret; must be given.</param>
/// <param name="Tls">Whether to speak TLS.</param>
/// <param name="TlsCaFile">PEM file of the authority that signed the server's certificate; not given: those that this machine trusts.</param>
/// <param name="TlsHost">The name that the server's certificate must have; not given: <c>Host</c>.</param>
/// <param name="TlsAllowUntrusted">Takes any certificate: for a trial, since whoever sits between reads along.</param>
public sealed record NodeSettings(
    string Name, string Host, int Port, string Username, string Secret,
    bool Tls, string? TlsCaFile, string? TlsHost, bool TlsAllowUntrusted);

/// <summary>Where Prometheus scrapes, and where the state of health is told.</summary>
/// <param name="Host">A name or an address of this machine, which is then the only one that is answered to; <c>*</c> is all of them.</param>
/// <param name="Port">TCP port of /metrics, /healthz and /readyz.</param>
/// <param name="Enabled">Whether to listen at all; without it <c>pjsip-sync-worker health</c> has nobody to ask.</param>
public sealed record MetricsSettings(string Host, int Port, bool Enabled);
