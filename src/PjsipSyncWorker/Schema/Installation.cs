using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Schema;

/// <summary>What <c>init</c> left in the database, and whether it fits this configuration.</summary>
internal static class Installation
{
    /// <summary>The version of the schema that this build works with.</summary>
    public const int SchemaVersion = 8;

    /// <summary>Makes this worker the last one started: its mapping and defaults count from now on.</summary>
    /// <returns>The fingerprint of everything that shapes the target.</returns>
    /// <exception cref="InstallationException">init must be run first, or this build is too old.</exception>
    public static async Task<string> ActivateAsync(NpgsqlConnection connection, WorkerSettings settings, CancellationToken cancellation)
    {
        await CheckAsync(connection, settings, cancellation);
        var fingerprint = Fingerprint(settings);
        await using var claim = new NpgsqlCommand("""
            update pjsip_sync.mapping
            set fingerprint = $1, stale_after = make_interval(secs => $2), unreachable_online = $3
            where (fingerprint, stale_after, unreachable_online) is distinct from ($1, make_interval(secs => $2), $3)
            """, connection)
        { Parameters = { new() { Value = fingerprint }, new() { Value = settings.Asterisk.StaleAfter.TotalSeconds }, new() { Value = !settings.Asterisk.UnreachableIsOffline } } };
        await claim.ExecuteNonQueryAsync(cancellation);
        return fingerprint;
    }

    /// <summary>Whether the schema is installed, of this version, and for this configuration's source.</summary>
    /// <exception cref="InstallationException">It is not; the message says what to do.</exception>
    public static async Task CheckAsync(NpgsqlConnection connection, WorkerSettings settings, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select schema_version, to_regclass($1) is not null, to_regclass($1) = to_regclass(source_table),
                   -- what is not configured may be the column of our own name, or have come since
                   not exists (select from jsonb_each_text($2::jsonb) where columns->>key is distinct from value and (columns ? key or lower(value) <> 'null'))
                     and not exists (select from jsonb_each_text(columns) where not $2::jsonb ? key and value <> key),
                   case when $3 = '' then active in ('enabled', 'true') else active = $3 end,
                   realtime_schema = $4 and ($5 = '') = (status_table = '') and to_regclass(nullif($5, '')) is not distinct from to_regclass(nullif(status_table, '')),
                   array(
                     select name from unnest(array['change', 'column_set', 'managed_endpoint', 'rejected', 'status_rejected', 'node', 'contact', 'device', 'status_recheck', 'bucket_digest', 'unloadable', 'missing_reference', 'reserved_name', 'registration', 'problem', 'revision']) as name
                     where to_regclass('pjsip_sync.' || name) is null
                     union all
                     select name || '()' from unnest(array['extensions', 'extensions_by_number', 'sees_every_row', 'tables_with_hidden_rows', 'bucket_digests', 'status_mismatches', 'write_status', 'write_status_by_row', 'refresh_mapping', 'repair_triggers', 'record_change', 'record_replicated', 'lock_class', 'may_notify', 'announced', 'refresh_endpoint_view']) as name
                     where not exists (select from pg_proc where proname = name and pronamespace = 'pjsip_sync'::regnamespace))
            from pjsip_sync.mapping
            """, connection)
        {
            Parameters =
            {
                new() { Value = settings.Source.Table }, new() { Value = ColumnsJson(settings.Source) },
                new() { Value = settings.Source.Active }, new() { Value = settings.Realtime.Schema },
                new() { Value = settings.Source.StatusTable },
            },
        };
        try
        {
            // Of another version it has other columns.
            await CheckVersionAsync(connection, cancellation);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (!await reader.ReadAsync(cancellation))
                throw new InstallationException("the schema pjsip_sync is installed but has no mapping: run pjsip-sync-worker init");
            if (reader.GetFieldValue<string[]>(6) is { Length: > 0 } missing)
                throw new InstallationException($"the schema pjsip_sync lacks {string.Join(", ", missing)}: run pjsip-sync-worker init");
            if (!reader.GetBoolean(1))
                throw new InstallationException($"the table {settings.Source.Table} (Source:Table) does not exist: create it, or name another and run pjsip-sync-worker init");
            if (reader.IsDBNull(2) || !reader.GetBoolean(2) || !reader.GetBoolean(3) || !reader.GetBoolean(4) || !reader.GetBoolean(5))
                throw new InstallationException("Source or Realtime:Schema differ from what is installed: run pjsip-sync-worker init with this configuration");
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new InstallationException("the schema pjsip_sync is not installed in this database: run pjsip-sync-worker init");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new InstallationException($"{error.MessageText}: run pjsip-sync-worker init --roles as the owner of the tables, and let the worker connect as the role pjsip_sync");
        }
    }

    private static async Task CheckVersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select schema_version from pjsip_sync.mapping", connection);
        if (await command.ExecuteScalarAsync(cancellation) is int version && version != SchemaVersion)
        {
            throw new InstallationException(version > SchemaVersion
                ? $"the schema pjsip_sync has version {version}, newer than the {SchemaVersion} of this worker: upgrade the worker"
                : $"the schema pjsip_sync has version {version}, older than the {SchemaVersion} of this worker: run pjsip-sync-worker init");
        }
    }

    /// <summary>The names that the configuration says are nowhere.</summary>
    public static IEnumerable<string> Unwanted(SourceSettings source) =>
        source.Columns.Where(column => column.Value.Equals("null", StringComparison.OrdinalIgnoreCase)).Select(column => column.Key);

    /// <summary>Makes up for what the application altered in its table since: columns that came or went, partitions attached.</summary>
    /// <returns>What is left out now.</returns>
    /// <exception cref="PostgresException">22023: without what is missing there are no extensions; the message names it.</exception>
    public static async Task<IReadOnlyList<string>> AdaptAsync(NpgsqlConnection connection, SourceSettings source, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select pjsip_sync.refresh_mapping()
            union all
            select format('%s is not written, since %s has no such column', name, source_table)
            from pjsip_sync.mapping, pjsip_sync.extension_fields(true) as name
            where not columns ? name and name <> 'device_state' and name <> all ($1) and status_table = ''
            """, connection) { Parameters = { Parameter.Texts(Unwanted(source)) } };
        var leftOut = new List<string>();
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                leftOut.Add(reader.GetString(0));
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.LockNotAvailable)
        {
            leftOut.Add($"the triggers could not be looked after: {error.MessageText}");
        }
        return leftOut;
    }

    public static string ColumnsJson(SourceSettings source)
    {
        var json = new JsonObject();
        foreach (var (name, mapped) in source.Columns)
            json[name] = mapped;
        return json.ToJsonString();
    }

    /// <summary>A digest of all that decides what is written into the ps_* tables.</summary>
    public static string Fingerprint(WorkerSettings settings)
    {
        var text = new StringBuilder("1\n");
        Add("table", settings.Source.Table);
        Add("active", settings.Source.Active);
        Add("schema", settings.Realtime.Schema);
        foreach (var (name, mapped) in settings.Source.Columns.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            Add(name, mapped);
        AddOptions("defaults", settings.Realtime.Defaults);
        foreach (var (name, options) in settings.Realtime.Profiles.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            AddOptions($"profile {name}", options);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        void AddOptions(string name, OptionSet options)
        {
            foreach (var (section, values) in new[] { ("endpoint", options.Endpoint), ("auth", options.Auth), ("aor", options.Aor) })
                foreach (var (column, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    Add($"{name}.{section}.{column}", value ?? "");
        }

        void Add(string name, string value) => text.Append(name).Append('=').Append(JsonEncodedText.Encode(value)).Append('\n');
    }
}

/// <summary>The database does not fit this worker; the message says what to do.</summary>
internal sealed class InstallationException(string message) : Exception(message);
