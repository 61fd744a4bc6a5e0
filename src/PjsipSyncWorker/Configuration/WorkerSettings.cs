namespace PjsipSyncWorker.Configuration;

/// <summary>
/// Everything that can be configured, read and validated once at the start by <see cref="SettingsReader"/>. Never changes.
/// </summary>
/// <remarks>
/// The properties of the settings records are the declaration of the keys: see <see cref="Setting"/>. Their documentation is
/// the column "meaning" of docs/reference/configuration.md, which scripts/docs.sh writes.
/// </remarks>
public sealed record WorkerSettings
{
    /// <inheritdoc cref="ConnectionSettings.Postgres"/>
    public string ConnectionString { get; init; } = new ConnectionSettings().Postgres;

    /// <inheritdoc cref="SourceSettings"/>
    public SourceSettings Source { get; init; } = new();

    /// <inheritdoc cref="RealtimeSettings"/>
    public RealtimeSettings Realtime { get; init; } = new();

    /// <inheritdoc cref="AsteriskSettings"/>
    public AsteriskSettings Asterisk { get; init; } = new();

    /// <inheritdoc cref="SyncSettings"/>
    public SyncSettings Sync { get; init; } = new();

    /// <inheritdoc cref="MetricsSettings"/>
    public MetricsSettings Metrics { get; init; } = new();
}

/// <summary>The database.</summary>
public sealed record ConnectionSettings
{
    /// <summary>
    /// The database with the extensions, as an Npgsql connection string or as a URL (<c>postgres://USER:PASSWORD@HOST/DATABASE</c>). With a
    /// standby, name both hosts (<c>Host=db1,db2</c>).
    /// </summary>
    [Secret(IsConnection = true)]
    public string Postgres { get; init; } = "Host=/run/postgresql;Database=pbx;Username=pjsip_sync";
}

/// <summary>The application's table of extensions.</summary>
public sealed record SourceSettings
{
    /// <summary>Name of the table. A name without a schema is one in <c>public</c>.</summary>
    public string Table { get; init; } = "public.extensions";

    /// <summary>
    /// The column or SQL expression of the table that gives a field of an extension, by the field's name (<c>Number</c>,
    /// <c>CallerIdName</c>, …; docs/use/sql.md lists them). A field that is not mapped is the column with the field's own name, if
    /// there is one.
    /// </summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>SQL condition for the rows that are phones now. Empty: the column <c>enabled</c> if there is one, else all rows.</summary>
    public string Active { get; init; } = "";

    /// <summary>
    /// A separate table for the status, so that the worker never writes to <c>Table</c>. A name without a schema is one in
    /// <c>public</c>. Empty: the status is written into <c>Table</c>.
    /// </summary>
    public string StatusTable { get; init; } = "";
}

/// <summary>How the worker keeps the ps_* tables equal to the extensions.</summary>
public sealed record SyncSettings
{
    /// <summary>Number of changes applied in one transaction.</summary>
    [NumberRange(1, 100_000)]
    public int BatchSize { get; init; } = 5000;

    /// <summary>
    /// The longest pause of the sync loop, and the time between two passes of maintenance. A change without a notification is found
    /// within a second, or within this time if that is shorter.
    /// </summary>
    [DurationRange("00:00:00.1000000", "01:00:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two full comparisons.</summary>
    [DurationRange("00:00:01", "1.00:00:00")]
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether to take over existing ps_* rows whose id is the number of a new extension.</summary>
    public bool Adopt { get; init; }

    /// <inheritdoc cref="RemovalLimitSettings"/>
    public RemovalLimitSettings MaxRemoval { get; init; } = new();
}

/// <summary>
/// How many endpoints a full comparison may remove without a recorded change that explains the removal. It removes none when both
/// limits are exceeded.
/// </summary>
public sealed record RemovalLimitSettings
{
    /// <summary>Limit as a share of the endpoints that the worker manages.</summary>
    public double Share { get; init; } = 0.2;

    /// <summary>Limit as a number of endpoints.</summary>
    [NumberRange(0, int.MaxValue)]
    public int Count { get; init; } = 20;
}

/// <summary>Where Prometheus scrapes the metrics, and where /healthz and /readyz answer.</summary>
public sealed record MetricsSettings
{
    /// <summary>A name or an address of this machine; requests to any other are refused. <c>*</c> is every address.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>TCP port of /metrics, /healthz and /readyz.</summary>
    [NumberRange(1, 65535)]
    public int Port { get; init; } = 9464;

    /// <summary>Whether to listen at all. Without it <c>pjsip-sync-worker health</c> gets no answer.</summary>
    public bool Enabled { get; init; } = true;
}
