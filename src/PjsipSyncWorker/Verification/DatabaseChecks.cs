using System.Globalization;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Verification;

/// <summary>PostgreSQL itself, and what <c>init</c> installed.</summary>
internal sealed class DatabaseChecks(NpgsqlDataSource dataSource, WorkerSettings settings)
{
    // The names of checks that others require.
    public const string Reachable = "database.reachable";
    public const string Schema = "database.schema";
    public const string Rights = "database.privileges";
    public const string Mapping = "database.mapping";
    public const string Realtime = "database.realtime";

    /// <summary>The oldest supported PostgreSQL, as <c>server_version_num</c>: 13.0.</summary>
    private const int OldestVersion = 130000;

    /// <summary>Shares of a connection limit from which the check warns and fails.</summary>
    private const double WarnedShare = 0.8, FailedShare = 0.95;

    private const string ReachableAdvice =
        "Start PostgreSQL, or correct ConnectionStrings:Postgres (host, port, database, user, password; pg_hba.conf)";

    private const string RefusedAdvice =
        "PostgreSQL runs and refuses this connection: correct ConnectionStrings:Postgres (database, user, password) or pg_hba.conf";

    private const string SchemaAdvice = "Grant what is missing: init --roles, run by the owner of the schema";

    private const string ConnectionsAdvice =
        "Raise the limit, or find who holds so many (pg_stat_activity); the worker itself takes about four and one for each Asterisk";

    private const string RealtimeAdvice =
        "Upgrade the tables with the database scripts of your Asterisk (contrib/ast-db-manage), or take the option out of Realtime";

    private const string OptionAdvice =
        "Correct these values in the configuration (Realtime:Defaults, Realtime:Profiles); "
        + "a value of a newer release wants the tables upgraded (contrib/ast-db-manage)";

    private const string LeftOutAdvice =
        "Is each of these options spelt right? Else upgrade the tables to your Asterisk's release (contrib/ast-db-manage), if they matter";

    private const string ContactsAdvice =
        "Grant select, update, delete on it, unless Asterisk keeps its contacts in astdb: "
        + "else those of deleted extensions stay until they expire";

    private const string MappingAdvice =
        "Add the columns or the index, or change Source:Columns and run init "
        + "(a column that you do not want: \"LastRegisteredAt\": \"null\")";

    private const string RefreshedBy = "verify-config --fix, or the running worker at its next full comparison,";

    /// <summary>The checks, each after those that it requires.</summary>
    public IEnumerable<Check> Checks =>
    [
        new(Reachable, ReachAsync) { Advice = ReachableAdvice },
        new("database.version", VersionAsync) { Requires = [Reachable] },
        new("database.connections", ConnectionsAsync) { Requires = [Reachable] },
        new("database.listen", cancellation => ListenCheck.RunAsync(dataSource, cancellation)) { Requires = [Reachable] },
        new(Schema, SchemaAsync) { Requires = [Reachable], Advice = SchemaAdvice },
        new(Rights, PrivilegesAsync) { Requires = [Schema], Fix = Triggers.FixAsync },
        new(Realtime, RealtimeAsync) { Requires = [Schema], Advice = RealtimeAdvice },
        new(Mapping, MappingAsync) { Requires = [Schema, Rights], Fix = RefreshMappingAsync },
        new("database.triggers", Triggers.RunAsync) { Requires = [Schema], Fix = Triggers.FixAsync },
    ];

    private TriggerCheck Triggers => new(dataSource);

    private async Task<CheckResult> ReachAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("select format('database %s as role %s', current_database(), current_user)");
        var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        try
        {
            return CheckResult.Pass($"{await command.ExecuteScalarAsync(cancellation)} on {connection.Host}:{connection.Port}");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            // The message consists of what is wrong, a colon, and what to do.
            var parts = DatabaseErrors.Describe(error).Split(": ", 2);
            return CheckResult.Fail(parts[0], parts[1]);
        }
        catch (PostgresException error) when (DatabaseErrors.IsPermanent(error))
        {
            return CheckResult.Fail(DatabaseErrors.Describe(error), RefusedAdvice);
        }
    }

    private async Task<CheckResult> VersionAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            "select current_setting('server_version'), current_setting('server_version_num')::int");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var found = $"PostgreSQL {reader.GetString(0)}";
        return reader.GetInt32(1) >= OldestVersion
            ? CheckResult.Pass(found)
            : CheckResult.Fail(found, "Upgrade to PostgreSQL 13 or newer");
    }

    /// <summary>Compares the connections with the limit that is nearest: the server's, the database's or the role's.</summary>
    private async Task<CheckResult> ConnectionsAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select used, most, what from (
              select (select sum(numbackends) from pg_stat_database)::int as used, 'the server (max_connections)' as what,
                     current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most
              union all
              select numbackends, format('the database %s (connection limit)', d.datname), datconnlimit
              from pg_database d join pg_stat_database using (datname) where d.datname = current_database() and datconnlimit >= 0
              union all
              select (select count(*)::int from pg_stat_activity where usename = current_user),
                     format('the role %s (connection limit)', rolname), rolconnlimit
              from pg_roles where rolname = current_user and rolconnlimit >= 0
            ) as limits order by used::float / greatest(most, 1) desc limit 1
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (used, most) = (reader.GetInt32(0), reader.GetInt32(1));
        var found = $"{used} of {most} connections of {reader.GetString(2)} are used";
        return used >= most * FailedShare ? CheckResult.Fail(found, ConnectionsAdvice)
            : used >= most * WarnedShare ? CheckResult.Warn(found, ConnectionsAdvice)
            : CheckResult.Pass(found);
    }

    private async Task<CheckResult> SchemaAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        try
        {
            await Installation.CheckAsync(connection, settings, cancellation);
        }
        catch (InstallationException error)
        {
            // The message consists of what is wrong, a colon, and what to do.
            var parts = error.Message.Split(": ", 2);
            return CheckResult.Fail(parts[0], parts.Length == 2 ? parts[1] : null);
        }
        return CheckResult.Pass($"version {Installation.SchemaVersion}, for {settings.Source.Table}");
    }

    private async Task<CheckResult> PrivilegesAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var missing = await Privileges.MissingAsync(connection, cancellation);
        return missing.Any
            ? CheckResult.Fail($"this role lacks: {missing.Found}", missing.Advice)
            : CheckResult.Pass("this role may do all that the worker does");
    }

    private async Task<CheckResult> RealtimeAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        var realtimeSchema = await RealtimeSchema.LoadAsync(connection, settings.Realtime.Schema, cancellation);
        Mapper mapper;
        try
        {
            mapper = new Mapper(realtimeSchema, settings.Realtime);
        }
        catch (SettingsException error)
        {
            return CheckResult.Fail(string.Join("; ", error.Problems), OptionAdvice);
        }
        if (mapper.LeftOut.Count > 0)
            return CheckResult.Warn($"not written: {string.Join("; ", mapper.LeftOut)}", LeftOutAdvice);
        if (!realtimeSchema.CanExpireContacts)
            return CheckResult.Warn($"{settings.Realtime.Schema}.ps_contacts is missing or may not be written", ContactsAdvice);
        var count = realtimeSchema.Columns.Count.ToString(CultureInfo.InvariantCulture);
        return CheckResult.Pass($"{count} columns in {settings.Realtime.Schema}.ps_endpoints, ps_auths, ps_aors");
    }

    private async Task<CheckResult> MappingAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            with fault as (
              select array_agg(problem order by problem) filter (where problem is not null) as problems from (
                select f.problem from pjsip_sync.mapping m, pjsip_sync.mapping_faults(m.source_table, m.columns, m.active) f
                union all select pjsip_sync.status_table_fault(source_table, status_table) from pjsip_sync.mapping) as found)
            select coalesce(problems, '{}') || array(
                     select format('%s is not written, since %s has no such column', name, source_table)
                     from pjsip_sync.extension_fields(true) as name
                     where not columns ? name and name <> 'device_state' and name <> all ($1) and status_table = ''
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
        var (isUpToDate, hasSameTypes) = (reader.GetBoolean(1), reader.GetBoolean(2));
        if (!isUpToDate)
        {
            return CheckResult.Fail(problems.Length > 0 ? problems : "a column that was missing is there again",
                $"{MappingAdvice}; {RefreshedBy} does without them");
        }
        if (!hasSameTypes)
            return CheckResult.Fail("a mapped column has another type than before", $"{RefreshedBy} goes by the new one");
        return problems.Length > 0
            ? CheckResult.Warn(problems, MappingAdvice)
            : CheckResult.Pass("every mapped column and expression is there");
    }

    private async Task<string> RefreshMappingAsync(CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await Installation.RefreshMappingAsync(connection, settings.Source, cancellation);
        return "what the table has no longer is left out, what it has again is not";
    }
}
