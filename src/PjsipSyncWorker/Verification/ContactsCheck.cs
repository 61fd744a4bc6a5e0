using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>
/// Checks that an Asterisk can store registrations where it is configured to. Otherwise it reads every endpoint and lets no phone
/// register.
/// </summary>
internal sealed class ContactsCheck(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    private const string FamilyAdvice =
        "In extconfig.conf, section [settings]: ps_contacts = odbc,asterisk; then restart Asterisk. "
        + "Or keep them in astdb: sorcery.conf, and Asterisk:Render:Contacts says so";

    private const string GrantAdvice = "Grant it: init --roles, run by the owner of the tables";

    public async Task<CheckResult> RunAsync(CancellationToken cancellation)
    {
        if (settings.Asterisk.ContactsInAstdb)
            return CheckResult.Pass("in each server's own astdb");
        if (!await new RealtimeLink(asterisk).HasFamilyAsync("ps_contacts", cancellation))
            return CheckResult.Fail("extconfig.conf has no line for ps_contacts: no phone can register", FamilyAdvice);
        if (await MissingAsync(cancellation) is { } missing)
        {
            return CheckResult.Fail(
                $"Asterisk's role {settings.Asterisk.Render.DatabaseUser} lacks {missing} on ps_contacts: no phone can register",
                GrantAdvice);
        }
        var columns = await ColumnsAsync(cancellation);
        if ((await WrittenAsync(cancellation)).Where(name => !columns.ContainsKey(name)).ToList() is { Count: > 0 } absent)
        {
            return CheckResult.Fail(
                $"ps_contacts has no column {string.Join(", ", absent)}, which this Asterisk writes: "
                + "a REGISTER is answered 200, and no phone is registered",
                "Run init again, which adds it where init made the table; "
                + $"or by hand: {Alter(absent.Select(name => $"add column {name} {TypeOf(name)}"))}; "
                + "or run the database scripts of this Asterisk's release (contrib/ast-db-manage)");
        }
        var narrow = columns.Keys.Where(name => columns[name] < LongestIn(name)).ToList();
        if (narrow.Count == 0)
            return CheckResult.Pass("in ps_contacts");
        var widths = string.Join(", ", narrow.Select(name => $"{name} takes {columns[name]} characters"));
        return CheckResult.Warn(
            $"ps_contacts is narrower than what phones may send: {widths}. What is longer is answered 200, and not registered",
            "Run init again, where init made the table; "
            + $"or by hand: {Alter(narrow.Select(name => $"alter column {name} type text"))}");
    }

    /// <summary>
    /// Number of characters that a column must hold. A URI has 512 characters at most (PJSIP_MAX_URL_SIZE), each of which takes
    /// three when it is encoded for realtime. The other texts have no limit; 4096 is generous.
    /// </summary>
    private static int LongestIn(string column) => column switch
    {
        "uri" => 3 * 512,
        "via_addr" => 255,
        "path" or "user_agent" or "call_id" => 4096,
        _ => 0,
    };

    private static string TypeOf(string column) => column switch
    {
        "expiration_time" => "bigint",
        "qualify_frequency" or "via_port" => "integer",
        "qualify_timeout" => "double precision",
        // Asterisk's own tables have an enum for yes and no; text works as well.
        _ => "text",
    };

    private string Alter(IEnumerable<string> changes) =>
        $"alter table {Identifier.Quote(settings.Realtime.Schema)}.ps_contacts {string.Join(", ", changes)}";

    /// <summary>
    /// The columns that this release of Asterisk writes: the options of a contact. None when Asterisk has no documentation installed.
    /// </summary>
    private async Task<IReadOnlyList<string>> WrittenAsync(CancellationToken cancellation)
    {
        var shown = await new AsteriskConsole(asterisk).RunAsync("config show help res_pjsip contact", cancellation);
        // qualify_2xx_only          -- Only qualify contact if …
        return [.. shown.Output.Select(line => line.Split(" -- ", 2)).Where(parts => parts.Length == 2)
            .Select(parts => parts[0].TrimEnd()).Where(name => name != "type" && IsColumn(name))];

        static bool IsColumn(string name) =>
            name.Length > 0 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
    }

    /// <summary>The columns of ps_contacts in their order, and the number of characters that each holds.</summary>
    private async Task<Dictionary<string, int>> ColumnsAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select attname, case when atttypid in ('varchar'::regtype, 'bpchar'::regtype) and atttypmod > 4 then atttypmod - 4 end
            from pg_class c join pg_attribute on attrelid = c.oid
            where relname = 'ps_contacts' and relnamespace = (select oid from pg_namespace where nspname = $1)
              and attnum > 0 and not attisdropped
            order by attnum
            """);
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var columns = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            columns[reader.GetString(0)] = reader.IsDBNull(1) ? int.MaxValue : reader.GetInt32(1);
        return columns;
    }

    /// <summary>The privileges that Asterisk's role lacks.</summary>
    /// <returns>Null when none is missing, or when no session of the configured role is connected: Asterisk may use another role.</returns>
    private async Task<string?> MissingAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select string_agg(privilege, ', ' order by n)
            from pg_roles r, pg_class c, unnest(array['select', 'insert', 'update', 'delete']) with ordinality as each (privilege, n)
            where rolname = $1 and relname = 'ps_contacts' and relnamespace = (select oid from pg_namespace where nspname = $2)
              and exists (select from pg_stat_activity where usesysid = r.oid and datname = current_database())
              and not has_table_privilege(r.oid, c.oid, privilege)
            """);
        command.Parameters.Add(new() { Value = settings.Asterisk.Render.DatabaseUser });
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        return await command.ExecuteScalarAsync(cancellation) as string;
    }
}
