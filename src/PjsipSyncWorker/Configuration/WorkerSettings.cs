namespace PjsipSyncWorker.Configuration;

/// <summary>Everything a person can set, read and validated once at start by <see cref="SettingsReader"/>.</summary>
public sealed record WorkerSettings(
    string ConnectionString,
    SourceSettings Source,
    RealtimeSettings Realtime,
    AsteriskSettings Asterisk,
    SyncSettings Sync,
    MetricsSettings Metrics);

/// <summary>The application's table.</summary>
/// <param name="Table">Its name, with schema.</param>
/// <param name="Columns">Our column names (snake_case) to a column or SQL expression of that table; what is missing is the column of our own name.</param>
/// <param name="Active">Predicate for rows that are phones now; empty means the column <c>enabled</c> where there is one.</param>
public sealed record SourceSettings(string Table, IReadOnlyDictionary<string, string> Columns, string Active);

/// <summary>The tables Asterisk reads.</summary>
/// <param name="Schema">The schema of ps_endpoints, ps_auths, ps_aors and ps_contacts.</param>
/// <param name="Defaults">Options of every extension that does not say otherwise.</param>
/// <param name="Profiles">Named sets of options, chosen by the column <c>profile</c>.</param>
public sealed record RealtimeSettings(string Schema, OptionSet Defaults, IReadOnlyDictionary<string, OptionSet> Profiles);

/// <summary>Options of the three tables by column name; null takes an option of a lower layer out again.</summary>
public sealed record OptionSet(
    IReadOnlyDictionary<string, string?> Endpoint,
    IReadOnlyDictionary<string, string?> Auth,
    IReadOnlyDictionary<string, string?> Aor)
{
    /// <summary>No options.</summary>
    public static OptionSet Empty { get; } = new(
        new Dictionary<string, string?>(), new Dictionary<string, string?>(), new Dictionary<string, string?>());
}

/// <summary>How the worker keeps the target equal to the source.</summary>
/// <param name="BatchSize">Changes taken in one transaction, 1 to 100,000.</param>
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
/// <param name="UnreachableIsOffline">Whether a contact that does not answer OPTIONS counts as offline.</param>
/// <param name="RefreshesPerSecond">Pace of telling Asterisk about new or changed AORs.</param>
/// <param name="Render">What the Asterisk-side files need beyond that.</param>
public sealed record AsteriskSettings(
    IReadOnlyList<NodeSettings> Nodes, TimeSpan SnapshotInterval, TimeSpan StaleAfter, TimeSpan ForgetAfter, bool UnreachableIsOffline, int RefreshesPerSecond, RenderSettings Render)
{
    /// <summary>Several servers on one database keep their contacts apart, unless told otherwise.</summary>
    public bool ContactsInAstdb => (Render.Contacts ?? (Nodes.Count > 1 ? "astdb" : "realtime")) == "astdb";
}

/// <summary>One Asterisk server's manager interface.</summary>
public sealed record NodeSettings(
    string Name, string Host, int Port, string Username, string Secret,
    bool Tls, string? TlsCaFile, string? TlsHost, bool TlsAllowUntrusted, IReadOnlyList<string> Caches);

/// <summary>Where Prometheus scrapes.</summary>
/// <param name="Host">A name or an address of this machine, which is then the only one that is answered to; <c>*</c> is all of them.</param>
public sealed record MetricsSettings(string Host, int Port, bool Enabled);
