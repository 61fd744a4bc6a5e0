using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Schema;

/// <summary>Checks that the installed schema fits this worker and its configuration, and keeps it up to date.</summary>
internal static class Installation
{
    /// <summary>The version of the schema that this build works with; the same as <c>pjsip_sync.schema_version()</c>.</summary>
    public const int SchemaVersion = 9;

    /// <summary>Puts this worker's configuration into force. A worker with another configuration stands by from now on.</summary>
    /// <returns>See <see cref="CheckAsync"/>.</returns>
    /// <exception cref="InstallationException"><c>init</c> must be run first, or this build is too old.</exception>
    public static async Task<WorkerSettings> ActivateAsync(
        NpgsqlConnection connection, WorkerSettings settings, CancellationToken cancellation)
    {
        settings = await CheckAsync(connection, settings, cancellation);
        await using var activate = new NpgsqlCommand("""
            update pjsip_sync.mapping
            set fingerprint = $1, stale_after = make_interval(secs => $2), unreachable_online = $3
            where (fingerprint, stale_after, unreachable_online) is distinct from ($1, make_interval(secs => $2), $3)
            """, connection)
        {
            Parameters =
            {
                new() { Value = Fingerprint(settings) }, new() { Value = settings.Asterisk.StaleAfter.TotalSeconds },
                new() { Value = !settings.Asterisk.UnreachableIsOffline },
            },
        };
        await activate.ExecuteNonQueryAsync(cancellation);
        return settings;
    }

    /// <summary>Checks that the schema is installed, complete, of this version, and for the mapping of this configuration.</summary>
    /// <returns>The settings, in which <c>Realtime:Schema</c> is the schema that is installed.</returns>
    /// <exception cref="InstallationException">It does not fit; the message says what to do.</exception>
    public static async Task<WorkerSettings> CheckAsync(
        NpgsqlConnection connection, WorkerSettings settings, CancellationToken cancellation)
    {
        // The objects first, because the rest uses some of them.
        await using var objects = new NpgsqlCommand("""
            select array(
              select case kind when 'function' then name || '()' else name end
              from pjsip_sync.required_object
              where schema_name = 'pjsip_sync'
                and not exists (
                  select from pg_class where relnamespace = 'pjsip_sync'::regnamespace and relname = name and kind <> 'function')
                and not exists (
                  select from pg_proc where pronamespace = 'pjsip_sync'::regnamespace and proname = name and kind = 'function'))
            from pjsip_sync.mapping
            """, connection);
        await using var mapping = new NpgsqlCommand("""
            select pjsip_sync.find_table($1) is not null, array(select pjsip_sync.mapping_differences($1, $2::jsonb, $3, $4, $5)),
                   realtime_schema
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
            // First, because another version has other columns and objects.
            await CheckVersionAsync(connection, cancellation);
            if (await objects.ExecuteScalarAsync(cancellation) is not string[] missing)
                throw new InstallationException("the schema pjsip_sync is installed but has no mapping: run pjsip-sync-worker init");
            if (missing.Length > 0)
                throw new InstallationException($"the schema pjsip_sync lacks {string.Join(", ", missing)}: run pjsip-sync-worker init");
            await using var reader = await mapping.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            var differences = reader.GetFieldValue<string[]>(1);
            if (!reader.GetBoolean(0))
            {
                throw new InstallationException(
                    $"the table {settings.Source.Table} (Source:Table) does not exist: "
                    + "create it, or name another and run pjsip-sync-worker init")
                {
                    MayPass = !differences.Any(difference => difference.StartsWith("Source:Table ", StringComparison.Ordinal)),
                };
            }
            if (differences.Length > 0)
            {
                throw new InstallationException($"the configuration differs from what is installed ({string.Join("; ", differences)}): "
                    + "run pjsip-sync-worker init with this configuration, or correct it");
            }
            return settings with { Realtime = settings.Realtime with { Schema = reader.GetString(2) } };
        }
        catch (PostgresException error) when (error.SqlState
            is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new InstallationException("the schema pjsip_sync is not installed in this database: run pjsip-sync-worker init");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new InstallationException(
                $"{error.MessageText}: run pjsip-sync-worker init --roles as the owner of the tables, "
                + "and let the worker connect as the role pjsip_sync");
        }
    }

    private static async Task CheckVersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select schema_version from pjsip_sync.mapping", connection);
        if (await command.ExecuteScalarAsync(cancellation) is int version && version != SchemaVersion)
        {
            throw new InstallationException(version > SchemaVersion
                ? $"the schema pjsip_sync has version {version}, newer than the {SchemaVersion} of this worker: upgrade the worker"
                : $"the schema pjsip_sync has version {version}, older than the {SchemaVersion} of this worker: "
                    + "run pjsip-sync-worker init");
        }
    }

    /// <summary>Returns the fields that the configuration maps to null: they are written nowhere.</summary>
    public static IEnumerable<string> Unwanted(SourceSettings source) =>
        source.Columns.Where(column => column.Value.Equals("null", StringComparison.OrdinalIgnoreCase)).Select(column => column.Key);

    /// <summary>Follows what the application has altered in its table: columns that were added or dropped, or have another type.</summary>
    /// <returns>What is left out now.</returns>
    /// <exception cref="PostgresException">22023: the table lacks what every extension needs; the message names it.</exception>
    public static async Task<MappingFaults> RefreshMappingAsync(
        NpgsqlConnection connection, SourceSettings source, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select pjsip_sync.refresh_mapping(), false
            union all
            select format('%s is not written, since %s has no such column', name, source_table), true
            from pjsip_sync.mapping, pjsip_sync.extension_fields(true) as name
            where not columns ? name and name <> 'device_state' and name <> all ($1) and status_table = ''
            """, connection) { Parameters = { Parameter.Texts(Unwanted(source)) } };
        try
        {
            var (problems, missing) = (new List<string>(), new List<string>());
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                (reader.GetBoolean(1) ? missing : problems).Add(reader.GetString(0));
            return new MappingFaults(problems, missing);
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.LockNotAvailable)
        {
            return new MappingFaults([$"what the application altered in {source.Table} could not be followed: {error.MessageText}"], []);
        }
    }

    /// <summary>Returns the configured mapping as JSON: field to column or expression.</summary>
    public static string ColumnsJson(SourceSettings source)
    {
        var json = new JsonObject();
        foreach (var (name, mapped) in source.Columns)
            json[name] = mapped;
        return json.ToJsonString();
    }

    /// <summary>Returns a SHA-256 hash, in hexadecimal, of all settings that decide what is written into the ps_* tables.</summary>
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

/// <summary>Thrown when the database does not fit this worker; the message says what to do.</summary>
internal sealed class InstallationException(string message) : Exception(message)
{
    /// <summary>Whether the fault may end by itself: the application is making its table anew, so that a daemon should wait.</summary>
    public bool MayPass { get; init; }
}
