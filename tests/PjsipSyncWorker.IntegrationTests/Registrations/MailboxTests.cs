
namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>A mailbox belongs to the application's row, and its name to no other row ever after.</summary>
public sealed class MailboxTests(PostgresServer server)
{
    private const string Mailboxes = "select id, mailboxes from ps_endpoints where mailboxes is not null order by 1";

    [Theory]
    [InlineData("id integer generated always as identity primary key, number text unique")]
    [InlineData("id uuid primary key default gen_random_uuid(), number text unique")]
    [InlineData("number text primary key")]
    [InlineData("number text unique")]
    [InlineData("tenant integer default 7, number text unique, primary key (tenant, number)")]
    [InlineData("login text primary key default 'somebody', number text unique")]
    public async Task A_number_that_is_given_to_another_row_gets_an_empty_mailbox(string columns)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            $"""
                create table phones ({columns}, password text default 'x', voicemail_enabled boolean default true,
                  voicemail_mailbox text, enabled boolean default true)
                """),
            "Source:Table=public.phones");
        await rig.ChangeAsync("insert into phones (number) values ('1801')");
        Assert.Equal(["1801|1801@default"], await rig.Database.RowsAsync(Mailboxes));

        // Whoever is only switched off keeps his.
        await rig.ChangeAsync("update phones set enabled = false");
        await rig.ChangeAsync("update phones set enabled = true");
        Assert.Equal(["1801|1801@default"], await rig.Database.RowsAsync(Mailboxes));

        // So does whoever gets another number, also when several do at once.
        await rig.ChangeAsync("update phones set number = '1802'");
        await rig.ChangeAsync("update phones set number = '1803'; update phones set number = '1804'");
        Assert.Equal(["1804|1801@default"], await rig.Database.RowsAsync(Mailboxes));
        await rig.ChangeAsync("update phones set number = '1801'");

        await rig.ChangeAsync("delete from phones");
        await rig.ChangeAsync("insert into phones (number) values ('1801')");
        Assert.Equal(["1801|1801@default-2"], await rig.Database.RowsAsync(Mailboxes));
        Assert.Equal(["1801|default-2"], await rig.Database.RowsAsync("select mailbox, context from ps_mailboxes"));
        await rig.ReconcileAsync(force: true);
        Assert.Equal(["1801|1801@default-2"], await rig.Database.RowsAsync(Mailboxes));

        await rig.ChangeAsync("truncate phones");
        await rig.ChangeAsync("insert into phones (number) values ('1801')");
        Assert.Equal(["1801|1801@default-3"], await rig.Database.RowsAsync(Mailboxes));
    }

    [Theory]
    [InlineData("number text primary key")]
    [InlineData("tenant integer default 7, number text unique, primary key (tenant, number)")]
    public async Task Many_mailboxes_move_with_rows_that_the_number_is_the_key_of(string columns)
    {
        await using var rig = await SyncRig.CreateAsync(server, database => database.ExecuteAsync(
            $"""
                create table phones ({columns}, password text default 'x', voicemail_enabled boolean default true)
                """), "Source:Table=public.phones");
        await rig.ChangeAsync("insert into phones (number) select n::text from generate_series(1001, 1003) n");

        await rig.ChangeAsync("update phones set number = (number::integer + 1000)::text");
        Assert.Equal(["2001|1001@default", "2002|1002@default", "2003|1003@default"], await rig.Database.RowsAsync(Mailboxes));

        await rig.ChangeAsync("insert into phones (number) values ('1001')");
        await rig.ChangeAsync("delete from phones where number = '2001'; update phones set number = '2001' where number = '2002'");
        Assert.Equal(["1001|1001@default-2", "2001|1002@default", "2003|1003@default"], await rig.Database.RowsAsync(Mailboxes));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.row_key_change"));
    }

    [Fact]
    public async Task Mailbox_moves_with_its_row_unless_the_application_names_it()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password, voicemail_enabled) values ('1801', 'x', true)");

        await rig.ChangeAsync("update extensions set number = '1802'");
        await rig.ChangeAsync("""
            insert into extensions (number, password, voicemail_enabled, voicemail_mailbox)
              values ('1801', 'x', true, null), ('1803', 'x', true, '1803'), ('1804', 'x', true, '1803@default')
            """);
        Assert.Equal(["1801|1801@default-2", "1802|1801@default", "1803|1803@default", "1804|1803@default"],
            await rig.Database.RowsAsync(Mailboxes));

        // Nor does a row that names none get what another one named.
        await rig.ChangeAsync("""
            delete from extensions where number = '1803';
            insert into extensions (number, password, voicemail_enabled) values ('1803', 'x', true)
            """);
        await rig.ChangeAsync("update extensions set voicemail_mailbox = '77@office' where number = '1802'");
        Assert.Equal(["1801|1801@default-2", "1802|77@office", "1803|1803@default-2", "1804|1803@default"],
            await rig.Database.RowsAsync(Mailboxes));
        await rig.ChangeAsync("update extensions set voicemail_mailbox = null where number = '1802'");
        Assert.Equal("1801@default", await rig.Database.ScalarAsync<string>("select mailboxes from ps_endpoints where id = '1802'"));

        await rig.ChangeAsync("update extensions set voicemail_mailbox = '../../etc' where number = '1801'");
        Assert.Equal(["voicemail_mailbox must be one mailbox, such as 1001 or 1001@default"],
            await rig.Database.RowsAsync("select reason from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task An_upgrade_leaves_each_mailbox_with_the_row_that_has_it()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("""
            insert into extensions (number, password, voicemail_enabled, voicemail_mailbox)
              values ('1801', 'x', true, null), ('1802', 'x', true, '1801')
            """);
        await rig.Database.ExecuteAsync("drop table pjsip_sync.mailbox");

        await SyncRig.InstallAsync(rig.Database, rig.Settings, createExtensions: true);

        Assert.Equal(["1801@default|1801|False"],
            await rig.Database.RowsAsync("select name, number, named from pjsip_sync.mailbox join extensions on id::text = row_key"));
        await rig.ChangeAsync("""
            delete from extensions where number = '1801';
            insert into extensions (number, password, voicemail_enabled) values ('1801', 'x', true)
            """);
        Assert.Equal(["1801|1801@default-2", "1802|1801@default"], await rig.Database.RowsAsync(Mailboxes));
    }

    [Fact]
    public async Task A_phone_that_subscribes_to_the_messages_of_its_aor_is_answered()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(rig.Database.ConnectionString);
        await rig.ChangeAsync("""
            insert into extensions (number, password, voicemail_enabled, settings) values
              ('1801', 'x', true, '{"aor": {"mailboxes": "1801@default", "qualify_frequency": 0}}'),
              ('1802', 'x', true, '{"aor": {"mailboxes": "1803@default", "qualify_frequency": 0}}'),
              ('1803', 'x', false, '{"aor": {"mailboxes": "1803@default", "qualify_frequency": 0}}'),
              ('1804', 'x', true, '{"aor": {"qualify_frequency": 0}}')
            """);

        foreach (var (number, isAnswered) in new[] { ("1801", true), ("1802", true), ("1803", true), ("1804", false) })
        {
            var phone = new SipPhone(asterisk, number, "x");
            Assert.True(await phone.RegisterAsync());
            Assert.Equal(isAnswered, await phone.SubscribeMessagesAsync(number));
            Assert.Equal(isAnswered, await phone.SubscribeMessagesAsync(number));
        }
    }

    [Fact]
    public async Task A_new_owner_of_a_number_is_told_of_no_message_and_hears_none()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(rig.Database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(rig.Database,
            [.. asterisk.WorkerSettings(), "Realtime__Defaults__QualifyFrequency=0"]);
        await rig.Database.ExecuteAsync("""
            insert into extensions (number, password, max_contacts, voicemail_enabled)
              values ('1801', 'one', 1, true), ('1999', 'x', 1, false)
            """);
        await Expect.RefreshedAsync(rig.Database);
        var caller = new SipPhone(asterisk, "1999", "x", "127.0.0.11");
        Assert.True(await caller.SpeakAsync("1801", TimeSpan.FromSeconds(17)));
        Assert.Equal("1/0", await new SipPhone(asterisk, "1801", "one", "127.0.0.12").MessagesAsync());

        await rig.Database.ExecuteAsync("""
            delete from extensions where number = '1801';
            insert into extensions (number, password, max_contacts, voicemail_enabled) values ('1801', 'two', 1, true)
            """);
        await Expect.RefreshedAsync(rig.Database);
        await Eventually.Equal(1L, () => rig.Database.ScalarAsync<long>("""
            select count(*) from pjsip_sync.node where lamp_revision = (select max(revision) from pjsip_sync.message_lamp)
            """));
        var owner = new SipPhone(asterisk, "1801", "two", "127.0.0.13");
        Assert.Equal("0/0", await owner.MessagesAsync());
        Assert.True(await owner.UnregisterAsync());
        Assert.True(await caller.SpeakAsync("1801", TimeSpan.FromSeconds(17)));
        Assert.Equal("1/0", await owner.MessagesAsync());
        Assert.True(await owner.CallAsync("*97"));
        await Eventually.True(async () => (await asterisk.FilesAsync())
            .Count(file => file.EndsWith("/INBOX/msg0000.txt", StringComparison.Ordinal)) == 2);
        Assert.Contains(await asterisk.FilesAsync(),
            file => file.Contains("voicemail/default/1801/INBOX/msg0000.txt", StringComparison.Ordinal));

        // The row, and its messages with it, moves to another number.
        await rig.Database.ExecuteAsync("update extensions set number = '1802' where number = '1801'");
        await Expect.RefreshedAsync(rig.Database);
        Assert.Equal("1/0", await new SipPhone(asterisk, "1802", "two", "127.0.0.14").MessagesAsync());
    }
}
