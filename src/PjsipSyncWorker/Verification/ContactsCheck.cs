using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Verification;

/// <summary>Whether an Asterisk can keep registrations where it should: without that it reads every phone and lets none register.</summary>
internal sealed class ContactsCheck(AmiConnection asterisk, NpgsqlDataSource dataSource, WorkerSettings settings)
{
    public async Task<Finding> LookAsync(CancellationToken cancellation)
    {
        if (settings.Asterisk.ContactsInAstdb)
            return Finding.Pass("in each server's own astdb");
        if (!await new RealtimeLink(asterisk).HasFamilyAsync("ps_contacts", cancellation))
        {
            return Finding.Fail("extconfig.conf has no line for ps_contacts: no phone can register",
                "In extconfig.conf, section [settings]: ps_contacts = odbc,asterisk; then restart Asterisk. Or keep them in astdb: sorcery.conf, and Asterisk:Render:Contacts says so");
        }
        if (await MissingAsync(cancellation) is { } missing)
            return Finding.Fail($"Asterisk's role {settings.Asterisk.Render.DatabaseUser} lacks {missing} on ps_contacts: no phone can register", "Grant it: init --roles, run by the owner of the tables");
        var columns = await ColumnsAsync(cancellation);
        if ((await WrittenAsync(cancellation)).Where(name => !columns.ContainsKey(name)).ToList() is { Count: > 0 } absent)
        {
            return Finding.Fail($"ps_contacts has no column {string.Join(", ", absent)}, which this Asterisk writes: a REGISTER is answered 200, and no phone is registered",
                $"Run init again, which adds it where init made the table; or by hand: {Alter(absent.Select(name => $"add column {name} {TypeOf(name)}"))}; or run the database scripts of this Asterisk's release (contrib/ast-db-manage)");
        }
        var narrow = columns.Keys.Where(name => columns[name] < LongestIn(name)).ToList();
        return narrow.Count == 0 ? Finding.Pass("in ps_contacts")
            : Finding.Warn($"ps_contacts is narrower than what phones may send: {string.Join(", ", narrow.Select(name => $"{name} takes {columns[name]} characters"))}. What is longer is answered 200, and not registered",
                $"Run init again, where init made the table; or by hand: {Alter(narrow.Select(name => $"alter column {name} type text"))}");
    }

    /// <summary>What a phone may say of itself, encoded for realtime: a URI of 512 characters (PJSIP_MAX_URL_SIZE) that are all encoded, and texts of no limit.</summary>
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
        // Yes and no are an enum of five characters at most in Asterisk's own tables; a text takes them as well.
        _ => "text",
    };

    private string Alter(IEnumerable<string> changes) =>
        $"alter table {Identifier.Quote(settings.Realtime.Schema)}.ps_contacts {string.Join(", ", changes)}";

    /// <summary>The options of a contact in this release of Asterisk, each of which is a column; none when it has no documentation installed.</summary>
    private async Task<IReadOnlyList<string>> WrittenAsync(CancellationToken cancellation)
    {
        var shown = await new AsteriskConsole(asterisk).RunAsync("config show help res_pjsip contact", cancellation);
        // qualify_2xx_only          -- Only qualify contact if …
        return [.. shown.Output.Select(line => line.Split(" -- ", 2)).Where(parts => parts.Length == 2).Select(parts => parts[0].TrimEnd())
            .Where(name => name != "type" && name.Length > 0 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))];
    }

    /// <summary>The columns of ps_contacts in their order, and how many characters each takes at most.</summary>
    private async Task<Dictionary<string, int>> ColumnsAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select attname, case when atttypid in ('varchar'::regtype, 'bpchar'::regtype) and atttypmod > 4 then atttypmod - 4 end
            from pg_class c join pg_attribute on attrelid = c.oid
            where relname = 'ps_contacts' and relnamespace = (select oid from pg_namespace where nspname = $1) and attnum > 0 and not attisdropped
            order by attnum
            """);
        command.Parameters.Add(new() { Value = settings.Realtime.Schema });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var columns = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            columns[reader.GetString(0)] = reader.IsDBNull(1) ? int.MaxValue : reader.GetInt32(1);
        return columns;
    }

    /// <returns>Null when nothing is missing, and when another role than the configured one is connected: then nobody here knows.</returns>
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
