using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// The state of the announcements to one Asterisk node in the database: which process of Asterisk runs, and up to which revision
/// changes were announced to it.
/// </summary>
/// <param name="schema">The schema of the ps_* tables.</param>
internal sealed class AnnouncementLedger(NpgsqlDataSource dataSource, string node, string schema)
{
    /// <summary>The endpoints that this Asterisk cannot load.</summary>
    public UnloadableTable Unloadable { get; } = new(dataSource, node, schema);

    /// <summary>
    /// How long an announcement window stays open, in which the view <c>ps_endpoints_for_server</c> shows only the announced endpoints. If
    /// the worker dies meanwhile, the server reads all endpoints again after this time.
    /// </summary>
    public static readonly TimeSpan WindowLength = TimeSpan.FromSeconds(5);

    /// <summary>A change of an endpoint that was not announced to this process of Asterisk.</summary>
    /// <param name="Announce">
    /// Whether the AOR is new or changed, so that Asterisk must read it. Otherwise only its caches must forget it.
    /// </param>
    /// <param name="QualifyFrequency">Seconds between two OPTIONS, as ps_aors has them now; 0 for none.</param>
    /// <param name="ChangedAt">When the change was written, on the database's clock.</param>
    internal readonly record struct Entry(string Id, long Revision, bool Announce, int QualifyFrequency, DateTime ChangedAt);

    /// <summary>Records which process of Asterisk is running.</summary>
    /// <param name="codecs">The names of the codecs that it knows.</param>
    /// <returns>
    /// <c>IsKnown</c>: whether it is the process that was followed before, so that what was announced still counts. <c>CachedRevision</c>:
    /// its memory caches may lack changes after this revision. <c>StartedAt</c>: when it started, on the database's clock, to the second;
    /// null when Asterisk does not say.
    /// </returns>
    public async Task<(bool IsKnown, long CachedRevision, DateTime? StartedAt)> IdentifyAsync(
        AsteriskIdentity identity, string[] codecs, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with before as (
              select process = $2 as is_known, refreshed_revision from pjsip_sync.node where name = $1
            ), noted as (
              insert into pjsip_sync.node as n (name, process, version, system_name, codecs, connected, last_seen_at)
              values ($1, $2, $3, $4, $6, true, now())
              on conflict (name) do update
              set refreshed_revision = case when n.process is not distinct from excluded.process then n.refreshed_revision else 0 end,
                  process = excluded.process, version = excluded.version, system_name = excluded.system_name, codecs = excluded.codecs,
                  connected = true, last_seen_at = now(), announcing = null, announcing_until = null
            )
            select coalesce(bool_or(is_known), false),
                   case when bool_or(is_known) then max(refreshed_revision)
                        -- The caches of a new process have nothing older than it. A transaction may commit half a minute after it began.
                        else coalesce((
                          select max(revision) from pjsip_sync.managed_endpoint where synced_at < now() - $5 - interval '1 minute'), 0) end,
                   now() - $5
            from before
            """);
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.Add(Parameter.Of(identity.Process));
        command.Parameters.Add(Parameter.Text(identity.Version));
        command.Parameters.Add(Parameter.Text(identity.SystemName));
        command.Parameters.Add(new() { Value = (object?)identity.Uptime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval });
        command.Parameters.Add(Parameter.Texts(codecs));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetBoolean(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetDateTime(2));
    }

    /// <summary>Makes nothing count as announced.</summary>
    public Task ForgetAsync(CancellationToken cancellation) =>
        ExecuteAsync("update pjsip_sync.node set refreshed_revision = 0 where name = $1", cancellation);

    /// <summary>Returns the time on the database's clock.</summary>
    public async Task<DateTime> NowAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select clock_timestamp()");
        return (DateTime)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Makes everything up to a revision count as announced. The revision never goes back.</summary>
    public Task MarkAnnouncedAsync(long revision, CancellationToken cancellation) => ExecuteAsync(
        "update pjsip_sync.node set refreshed_revision = greatest(refreshed_revision, $2) where name = $1", cancellation,
        Parameter.Of(revision));

    /// <summary>
    /// Opens a window: for <see cref="WindowLength"/> the server sees only these endpoints when it reads all. Replaces an open window.
    /// </summary>
    public Task OpenWindowAsync(string[] ids, CancellationToken cancellation) => ExecuteAsync($"""
        update pjsip_sync.node set announcing = $2, announcing_until = clock_timestamp() + interval '{WindowLength.TotalSeconds} seconds'
        from (select {DataSource.AsynchronousCommit}) as quickly where name = $1
        """, cancellation, Parameter.Texts(ids));

    /// <summary>Closes the window: from the next read on the server sees all endpoints.</summary>
    public Task CloseWindowAsync(CancellationToken cancellation) => ExecuteAsync($"""
        update pjsip_sync.node set announcing = null, announcing_until = null
        from (select {DataSource.AsynchronousCommit}) as quickly where name = $1 and announcing is not null
        """, cancellation);

    /// <summary>Returns the changes after a revision that were not announced to this Asterisk, in the order of revisions.</summary>
    public async Task<List<Entry>> PendingAsync(long after, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select e.id, e.revision, e.aor_revision > n.refreshed_revision and e.deleted_at is null, a.qualify_frequency::text, e.synced_at
            from pjsip_sync.managed_endpoint e
            join pjsip_sync.node n on n.name = $1
            left join {Identifier.Quote(schema)}.ps_aors a on a.id = e.id
            where e.revision > greatest(n.refreshed_revision, $2)
            order by e.revision
            """);
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.Add(Parameter.Of(after));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var pending = new List<Entry>();
        while (await reader.ReadAsync(cancellation))
        {
            pending.Add(new Entry(
                reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2), Whole(reader.TextOrNull(3)), reader.GetDateTime(4)));
        }
        return pending;
    }

    /// <summary>Returns the endpoints that changed after a revision, and the highest revision among them; the given one for none.</summary>
    public async Task<(List<string> Ids, long Highest)> ChangedAsync(long after, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select id, revision from pjsip_sync.managed_endpoint where revision > $1");
        command.Parameters.Add(Parameter.Of(after));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var (ids, highest) = (new List<string>(), after);
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetString(0));
            highest = Math.Max(highest, reader.GetInt64(1));
        }
        return (ids, highest);
    }

    /// <summary>Whether an endpoint exists and is not deleted.</summary>
    public async Task<bool> ExistsAsync(string id, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            "select exists (select from pjsip_sync.managed_endpoint where id = $1 and deleted_at is null)");
        command.Parameters.Add(Parameter.Of(id));
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Returns an endpoint of ours that this Asterisk is not known to be unable to load; null when there is none.</summary>
    /// <param name="except">The id of an endpoint that does not count; null for none.</param>
    public async Task<string?> LoadableSampleAsync(string? except, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select id from pjsip_sync.managed_endpoint e
            where deleted_at is null and id is distinct from $1
              and not exists (select from pjsip_sync.unloadable u where u.node = $2 and u.id = e.id)
            order by revision limit 1
            """);
        command.Parameters.Add(Parameter.Text(except));
        command.Parameters.Add(Parameter.Of(node));
        return await command.ExecuteScalarAsync(cancellation) as string;
    }

    /// <summary>Returns how many endpoints of ours Asterisk reads when it reads all.</summary>
    public async Task<long> EndpointCountAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select count(*) from pjsip_sync.managed_endpoint where deleted_at is null");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// Returns those endpoints that Asterisk shows as unavailable wrongly: they were announced, and a phone of them answers OPTIONS or is
    /// never asked.
    /// </summary>
    /// <param name="suspects">Ids of endpoints that are registered while Asterisk shows them as unavailable.</param>
    public async Task<List<string>> WronglyUnavailableAsync(string[] suspects, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand($"""
            select e.id
            from pjsip_sync.managed_endpoint e
            join pjsip_sync.node n on n.name = $1
            join {Identifier.Quote(schema)}.ps_aors a on a.id = e.id
            where e.id = any ($2) and e.deleted_at is null and e.revision <= n.refreshed_revision
              and exists (select from pjsip_sync.contact c where c.node = n.name and c.endpoint = e.id
                          and (c.status = 'Reachable' or coalesce(a.qualify_frequency::text, '0') = '0'))
            """);
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.Add(Parameter.Texts(suspects));
        return await command.ReadTextsAsync(cancellation);
    }

    private static int Whole(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private async Task ExecuteAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(Parameter.Of(node));
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
