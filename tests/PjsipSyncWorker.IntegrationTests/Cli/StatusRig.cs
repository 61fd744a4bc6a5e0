namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>Extensions of all kinds in a database, as a worker would have left them.</summary>
internal static class StatusRig
{
    /// <summary>
    /// Three online phones (1001 with two contacts and in a call, 1002, 1003), one rejected row (1005), a disabled one (1007), and offline
    /// ones: 1006, which was seen at 198.51.100.9, and 2000 to 2039.
    /// </summary>
    public static async Task<SyncRig> CreateAsync(PostgresServer server) => await FillAsync(await SyncRig.CreateAsync(server));

    /// <inheritdoc cref="CreateAsync"/>
    public static async Task<SyncRig> FillAsync(SyncRig rig)
    {
        await rig.ChangeAsync("""
            insert into extensions (number, password, display_name, enabled) values
              ('1001', 'x', 'Anna', true), ('1002', 'x', 'Bert', true), ('1003', 'x', null, true), ('1005', '', 'Dora', true),
              ('1006', 'x', 'Emil', true), ('1007', 'x', 'Frieda', false);
            insert into extensions (number, password) select g::text, 'x' from generate_series(2000, 2039) g;
            update extensions set last_registered_at = '2026-03-01 12:30:00Z', last_registered_ip = '198.51.100.9' where number = '1006'
            """);
        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now() + interval '1 day');
            insert into pjsip_sync.contact (node, endpoint, uri, status, address, user_agent, registered_at) values
              ('pbx1', '1001', 'sip:1001@192.0.2.11', 'Reachable', '192.0.2.11', E'evil\x1b[2J\tagent', '2026-03-01 12:00:00Z'),
              ('pbx1', '1001', 'sip:1001@192.0.2.21', 'Reachable', '192.0.2.21', 'Desk', '2026-03-01 11:00:00Z'),
              ('pbx1', '1002', 'sip:1002@192.0.2.12', 'NonQualified', '192.0.2.12', null, '2026-03-01 12:00:00Z'),
              ('pbx1', '1003', 'sip:1003@192.0.2.13', 'Reachable', '192.0.2.13', null, '2026-03-01 12:00:00Z');
            insert into pjsip_sync.device (node, endpoint, state) select 'pbx1', id, 'UNAVAILABLE' from pjsip_sync.managed_endpoint;
            update pjsip_sync.device set state = 'INUSE' where endpoint = '1001'
            """);
        await rig.WriteStatusAsync();
        return rig;
    }

    /// <summary>Changes the device state of an extension, as the worker does when Asterisk reports it.</summary>
    public static async Task ReportAsync(SyncRig rig, string number, string state)
    {
        await rig.Database.ExecuteAsync("update pjsip_sync.device set state = $2, since = now() where endpoint = $1", number, state);
        await rig.Database.ExecuteAsync("select pjsip_sync.write_status(array[$1])", number);
    }
}
