using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Verification;

/// <summary>PostgreSQL itself, and what <c>init</c> left in it.</summary>
internal sealed class DatabaseChecks(NpgsqlDataSource dataSource, WorkerSettings settings)
{
    public const string Reachable = "database.reachable";
    public const string Schema = "database.schema";
    public const string Rights = "database.privileges";
    public const string Mapping = "database.mapping";
    public const string Realtime = "database.realtime";

    private const int OldestVersion = 130000;

    public IEnumerable<Step> Steps =>
    [
        new(Reachable, ReachAsync) { Advice = "Start PostgreSQL, or correct ConnectionStrings:Postgres (host, port, database, user, password; pg_hba.conf)" },
        new("database.version", VersionAsync) { Requires = [Reachable] },
        new("database.connections", ConnectionsAsync) { Requires = [Reachable] },
        new("database.listen", cancellation => ListenCheck.LookAsync(dataSource, cancellation)) { Requires = [Reachable] },
        new(Schema, SchemaAsync) { Requires = [Reachable], Advice = "Grant what is missing: init --roles, run by the owner of the schema" },
        new(Rights, PrivilegesAsync) { Requires = [Schema] },
        new(Realtime, RealtimeAsync) { Requires = [Schema], Advice = "Upgrade the tables with the database scripts of your Asterisk (contrib/ast-db-manage), or take the option out of Realtime" },
        new(Mapping, MappingAsync) { Requires = [Schema, Rights], Fix = AdaptAsync },
        new("database.triggers", new TriggerCheck(dataSource).LookAsync) { Requires = [Schema], Fix = new TriggerCheck(dataSource).FixAsync },
    ];

    private async Task<Finding> ReachAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select format('database %s as role %s', current_database(), current_user)");
        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        return Finding.Pass($"{await command.ExecuteScalarAsync(cancellation)} on {connection.Host}:{connection.Port}");
    }

    private async Task<Finding> VersionAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select current_setting('server_version'), current_setting('server_version_num')::int");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var found = $"PostgreSQL {reader.GetString(0)}";
        return reader.GetInt32(1) >= OldestVersion
            ? Finding.Pass(found)
            : Finding.Fail(found, "Upgrade to PostgreSQL 13 or newer");
    }

    /// <summary>Against the narrowest of the server's limit, the database's and the role's.</summary>
    private async Task<Finding> ConnectionsAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select used, most, what from (
              select (select sum(numbackends) from pg_stat_database)::int as used, 'the server (max_connections)' as what,
                     current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most
              union all
              select numbackends, format('the database %s (connection limit)', d.datname), datconnlimit
              from pg_database d join pg_stat_database using (datname) where d.datname = current_database() and datconnlimit >= 0
              union all
              select (select count(*)::int from pg_stat_activity where usename = current_user), format('the role %s (connection limit)', rolname), rolconnlimit
              from pg_roles where rolname = current_user and rolconnlimit >= 0
            ) as limits order by used::float / greatest(most, 1) desc limit 1
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (used, most) = (reader.GetInt32(0), reader.GetInt32(1));
        var found = $"{used} of {most} connections of {reader.GetString(2)} are used";
        const string advice = "Raise the limit, or find who holds so many (pg_stat_activity); the worker itself takes about four and one for each Asterisk";
        return used >= most * 0.95 ? Finding.Fail(found, advice) : used >= most * 0.8 ? Finding.Warn(found, advice) : Finding.Pass(found);
    }

    private async Task<Finding> SchemaAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            await Installation.CheckAsync(connection, settings, cancellation);
        }
        catch (InstallationException error)
        {
            // The message says what is wrong, a colon, and what to do.
            var parts = error.Message.Split(": ", 2);
            return Finding.Fail(parts[0], parts.Length == 2 ? parts[1] : null);
        }
        return Finding.Pass($"version {Installation.SchemaVersion}, for {settings.Source.Table}");
    }

    private async Task<Finding> PrivilegesAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var missing = await Privileges.MissingAsync(connection, cancellation);
        return missing.Any
            ? Finding.Fail($"this role lacks: {missing.Found}", missing.Advice)
            : Finding.Pass("this role may do all that the worker does");
    }

    private async Task<Finding> RealtimeAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var catalogue = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        Mapper mapper;
        try
        {
            mapper = new Mapper(catalogue, settings.Realtime);
        }
        catch (SettingsException error)
        {
            return Finding.Fail(string.Join("; ", error.Problems), "Correct these values in the configuration (Realtime:Defaults, Realtime:Profiles); a value of a newer release wants the tables upgraded (contrib/ast-db-manage)");
        }
        if (mapper.LeftOut.Count > 0)
            return Finding.Warn($"not written: {string.Join("; ", mapper.LeftOut)}", "Is each of these options spelt right? Else upgrade the tables to your Asterisk's release (contrib/ast-db-manage), if they matter");
        return catalogue.CanExpireContacts
            ? Finding.Pass($"{catalogue.Columns.Count.ToString(CultureInfo.InvariantCulture)} columns in {settings.Realtime.Schema}.ps_endpoints, ps_auths, ps_aors")
            : Finding.Warn($"{settings.Realtime.Schema}.ps_contacts is missing or may not be written",
                "Grant select, update, delete on it, unless Asterisk keeps its contacts in astdb: else those of deleted extensions stay until they expire");
    }

    private async Task<Finding> MappingAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with fault as (
              select array_agg(problem order by problem) filter (where problem is not null) as problems from (
                select f.problem from pjsip_sync.mapping m, pjsip_sync.mapping_faults(m.source_table, m.columns, m.active) f
                union all select pjsip_sync.status_table_fault(source_table, status_table) from pjsip_sync.mapping) as found)
            select coalesce(problems, '{}') || array(
                     select format('%s is not written, since %s has no such column', name, source_table)
                     from pjsip_sync.extension_fields(true) as name where not columns ? name and name <> 'device_state' and name <> all ($1) and status_table = ''
                     union all
                     select pjsip_sync.index_advice() where not pjsip_sync.is_indexed(to_regclass(source_table), columns->>'number')),
                   coalesce(problems, '{}') = left_out,
                   types = pjsip_sync.column_types()
            from pjsip_sync.mapping, fault
            """);
        command.Parameters.Add(Parameter.Texts(Installation.Unwanted(settings.Source)));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var problems = string.Join("; ", reader.GetFieldValue<string[]>(0));
        const string advice = "Add the columns or the index, or change Source:Columns and run init (a column that you do not want: \"LastRegisteredAt\": \"null\")";
        return !reader.GetBoolean(1) ? Finding.Fail(problems.Length > 0 ? problems : "a column that was missing is there again", $"{advice}; verify-config --fix, or the running worker at its next full comparison, does without them")
            : !reader.GetBoolean(2) ? Finding.Fail("a mapped column has another type than before", "verify-config --fix, or the running worker at its next full comparison, goes by the new one")
            : problems.Length > 0 ? Finding.Warn(problems, advice)
            : Finding.Pass("every mapped column and expression is there");
    }

    private async Task<string> AdaptAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await Installation.AdaptAsync(connection, settings.Source, cancellation);
        return "what the table has no longer is left out, what it has again is not";
    }
}
