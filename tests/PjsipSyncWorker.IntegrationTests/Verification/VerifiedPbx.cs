using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>One database, and one Asterisk that each test configures.</summary>
public sealed class VerifiedPbx(PostgresServer server) : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;

    internal AsteriskServer Asterisk { get; private set; } = null!;

    internal WorkerSettings Settings { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using (var rig = await SyncRig.CreateAsync(server))
        {
            // Whatever a proof has to compare, and no two of one kind.
            await rig.ChangeAsync("""
                insert into extensions (number, password, display_name, codecs, max_contacts, voicemail_enabled, transport,
                  profile, settings) values
                  ('1001', 'p;w^x "q\ z', 'Anna "A" Öz', 'opus, alaw', 2, true, 'transport-tcp', null,
                    '{"aor": {"qualify_frequency": 0}}'),
                  ('1002', 'two', null, null, null, false, null, 'deskphone',
                    '{"endpoint": {"rtp_timeout": 30, "direct_media": true, "allow_subscribe": false}}'),
                  ('1003', 'three', 'C', 'all', null, false, null, null,
                    '{"endpoint": {"trust_id_inbound": "yes", "dtmf_mode": "info", "device_state_busy_at": 1}}'),
                  ('t1-(1004).x', 'four', 'D-E. (F)', null, null, false, null, null, '{"endpoint": {"set_var": "A=1"}}')
                """);
            Database = new TestDatabase(rig.Database.ConnectionString);
        }
        Asterisk = await AsteriskServer.StartAsync(Database.ConnectionString);
        Settings = SyncRig.Read(Database, [.. Asterisk.WorkerSettings()
            .Select(setting => setting.Replace("__", ":", StringComparison.Ordinal))]);
    }

    public async ValueTask DisposeAsync()
    {
        await Asterisk.DisposeAsync();
        await Database.DisposeAsync();
    }
}
