
namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>What <see cref="VerifyDatabaseTests"/> breaks. Extensions 1001 and 1002 are installed.</summary>
public static class VerifyDatabaseCases
{
    private const string Init = "run pjsip-sync-worker init";
    private const string TurnTriggersOff = "alter table extensions disable trigger all;";
    private const string TurnTriggersOn = """
        ; alter table extensions enable always trigger pjsip_sync_insert;
        alter table extensions enable always trigger pjsip_sync_update;
        alter table extensions enable always trigger pjsip_sync_delete;
        alter table extensions enable always trigger pjsip_sync_truncate;
        alter table extensions enable replica trigger pjsip_sync_replicated
        """;

    /// <summary>Whatever makes exactly one check fail.</summary>
    public static TheoryData<BrokenCase> Failures =>
    [
        .. Triggers, .. Schema, .. Drift,
        new BrokenCase("Asterisk's table is missing", "drop table ps_aors",
            "database.realtime", "Missing: asterisk.ps_aors.id", "contrib/ast-db-manage"),
        new BrokenCase("Asterisk's id is not unique", "alter table ps_auths drop constraint ps_auths_pkey",
            "database.realtime", "asterisk.ps_auths.id is not unique", "contrib/ast-db-manage"),
        new BrokenCase("a change waits", "insert into pjsip_sync.change (id, recorded_at) values ('1001', now() - interval '2 hours')",
            "sync.backlog", "1 recorded change waits, the oldest for 2.0 h", "--fix"),
        new BrokenCase("another configuration is active", "update pjsip_sync.mapping set fingerprint = 'another'",
            "sync.worker", "has another configuration than this one", "restart the worker"),
        new BrokenCase("the connection limit is reached",
            "do $$ begin execute format('alter database %I connection limit 2', current_database()); end $$",
            "database.connections", "(connection limit) are used", "Raise the limit"),
        new BrokenCase("PostgreSQL is too old", """
            create schema older_server;
            create function older_server.current_setting(name text) returns text language sql return case name
              when 'server_version' then '12.22' when 'server_version_num' then '120022' else pg_catalog.current_setting(name) end;
            do $$ begin execute format('alter database %I set search_path = older_server, pg_catalog, public', current_database()); end $$
            """,
            "database.version", "PostgreSQL 12.22", "Upgrade to PostgreSQL 13 or newer"),
    ];

    /// <summary>Whatever makes a check warn, and none fail.</summary>
    public static TheoryData<BrokenCase> Warnings =>
    [
        new BrokenCase("an extension is rejected",
            "insert into pjsip_sync.rejected (row_key, id, reason) values ('7', '10 03', 'number holds a space')",
            "sync.rejected", "1 extension is rejected: 10 03: number holds a space", "Correct these rows"),
        new BrokenCase("ps_contacts is missing", "drop table ps_contacts", "database.realtime", "asterisk.ps_contacts is missing", "astdb"),
        new BrokenCase("no worker runs", "select 1", "sync.worker", "no worker is connected", "systemctl start pjsip-sync-worker"),
    ];

    /// <summary>Whatever takes a right from the worker's role.</summary>
    public static TheoryData<BrokenCase> Privileges =>
    [
        MissingPrivilege("insert", "revoke insert on ps_auths from {0}", "insert on asterisk.ps_auths", "init --roles"),
        MissingPrivilege("update of the status columns", "revoke update on extensions from {0}",
            "update (status, device_state, last_registered_at, last_registered_ip) on public.extensions", "init --roles"),
        MissingPrivilege("execute", "revoke execute on function pjsip_sync.refresh_mapping() from {0}",
            "execute on function pjsip_sync.refresh_mapping", "init --roles"),
        MissingPrivilege("a policy of the application's table", "alter table extensions enable row level security",
            "a row-level policy that shows it every row", "create policy pjsip_sync on extensions to"),
        MissingPrivilege("a policy that shows every row",
            "alter table ps_auths enable row level security; create policy less on ps_auths using (id > '1001')",
            "a row-level policy that shows it every row", "create policy pjsip_sync on asterisk.ps_auths to"),
    ];

    private static IEnumerable<BrokenCase> Triggers =>
    [
        BrokenTrigger("turned off", "alter table extensions disable trigger pjsip_sync_update",
            "pjsip_sync_update on public.extensions is turned off"),
        BrokenTrigger("not always enabled", "alter table extensions enable trigger pjsip_sync_update", "is not enabled always"),
        BrokenTrigger("missing", "drop trigger pjsip_sync_delete on extensions", "pjsip_sync_delete is missing on public.extensions"),
        BrokenTrigger("of replication, turned off", "alter table extensions disable trigger pjsip_sync_replicated",
            "pjsip_sync_replicated on public.extensions is turned off"),
        BrokenTrigger("of replication, always enabled", "alter table extensions enable always trigger pjsip_sync_replicated",
            "pjsip_sync_replicated on public.extensions is not enabled for replication alone"),
        BrokenTrigger("of replication, missing", "drop trigger pjsip_sync_replicated on extensions",
            "pjsip_sync_replicated is missing on public.extensions"),
        BrokenTrigger("with another function", """
            drop trigger pjsip_sync_insert on extensions;
            create trigger pjsip_sync_insert after insert on extensions execute function suppress_redundant_updates_trigger()
            """, "pjsip_sync_insert on public.extensions calls something else"),
    ];

    private static IEnumerable<BrokenCase> Schema =>
    [
        BrokenSchema("lacks a view", "drop view pjsip_sync.registration cascade", "the schema pjsip_sync lacks registration", Init),
        BrokenSchema("lacks a function", "drop function pjsip_sync.write_status", "the schema pjsip_sync lacks write_status()", Init),
        BrokenSchema("is older", "update pjsip_sync.mapping set schema_version = 1", "has version 1, older than", Init),
        BrokenSchema("is newer", "update pjsip_sync.mapping set schema_version = 99", "has version 99, newer than", "upgrade the worker"),
        BrokenSchema("is missing", "drop schema pjsip_sync cascade", "is not installed in this database", Init),
        BrokenSchema("has no mapping", "delete from pjsip_sync.mapping", "has no mapping", Init),
        BrokenSchema("has no source table", "drop table extensions",
            "the table public.extensions (Source:Table) does not exist", "create it, or name another"),
        BrokenSchema("has other columns", """update pjsip_sync.mapping set columns = columns || '{"number": "display_name"}'""",
            "(Source:Columns:Number is not given, installed is display_name)", Init),
    ];

    private static IEnumerable<BrokenCase> Drift =>
    [
        new BrokenCase("a row of Asterisk was deleted", "delete from ps_auths where id = '1001'",
            "sync.drift", "0 missing, 1 different, 0 orphaned, such as 1001", "sync-extensions"),
        new BrokenCase("a row of Asterisk was edited", "update ps_endpoints set context = 'elsewhere' where id = '1002'",
            "sync.drift", "0 missing, 1 different, 0 orphaned, such as 1002", "find out who else writes"),
        new BrokenCase("an extension was inserted without a trigger",
            $"{TurnTriggersOff} insert into extensions (number, password) values ('1003', 'x') {TurnTriggersOn}",
            "sync.drift", "1 missing, 0 different, 0 orphaned, such as 1003", "sync-extensions"),
        new BrokenCase("an extension was deleted without a trigger",
            $"{TurnTriggersOff} delete from extensions where number = '1001' {TurnTriggersOn}",
            "sync.drift", "0 missing, 0 different, 1 orphaned, such as 1001", "sync-extensions"),
    ];

    private static BrokenCase BrokenTrigger(string name, string sql, string found) =>
        new($"a trigger is {name}", sql, "database.triggers", found, "--fix");

    private static BrokenCase BrokenSchema(string name, string sql, string found, string advice) =>
        new($"the schema {name}", sql, "database.schema", found, advice);

    private static BrokenCase MissingPrivilege(string name, string sql, string lacks, string advice) =>
        new($"the role lacks {name}", sql, "database.privileges", $"this role lacks: {lacks}", advice);
}
