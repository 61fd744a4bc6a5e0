using CsCheck;

namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Any sequence of changes, any mixture of good and bad.</summary>
public sealed class ValueTests(PostgresServer server)
{
    [Fact]
    public async Task Five_hundred_bad_rows_of_ten_thousand_are_rejected_with_reasons()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => AsteriskSchema.CreateAsync(database, "public"));

        await rig.ChangeAsync("""
            insert into extensions (number, password, codecs, settings, display_name, profile)
            select case when g % 200 = 1 then '10 ' || g when g % 200 = 2 then repeat('9', 41) || g else g::text end,
                   case when g % 200 = 3 then ''
                     when g % 200 = 4 then '$2y$10$abcdefghijklmnopqrstuuOWW.QcvFyMtjDcTGOyEC2dFf9kXx0aG'
                     when g % 200 = 5 then repeat('p', 81) else 'good' || g end,
                   case when g % 200 = 6 then 'ul/aw' end,
                   case when g % 200 = 7 then '{"endpoint":{"nosuch":1}}'
                     when g % 200 = 8 then '{"aor":{"max_contacts":"many"}}' else '{}' end::jsonb,
                   case when g % 200 = 9 then repeat('n', 60) end,
                   case when g % 200 = 10 then 'nosuch' end
            from generate_series(10000, 19999) g
            """);

        Assert.Equal(9500L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(
        [
            "50|codecs holds ul/aw, which Asterisk does not know: core show codecs lists its codecs",
            "50|display_name is longer than the 40 characters that ps_endpoints.callerid takes",
            "50|number holds a space: letters, digits and -_.!~*'()=+$?# can be carried by SIP, AMI and the dialplan",
            "50|number is longer than the 40 characters that ps_auths.username takes",
            "50|password is a hash (bcrypt, argon2 or crypt): SIP needs the clear text, or md5_cred in settings.auth",
            "50|password is empty: SIP needs the clear text, or md5_cred in settings.auth",
            "50|password is longer than the 80 characters that ps_auths.password takes",
            "50|profile is not one of deskphone, webrtc",
            "50|settings.aor.max_contacts must be a whole number, 0 or more",
            "50|settings.endpoint.nosuch: ps_endpoints has no such column",
        ], (await rig.Database.RowsAsync(
            "select count(*), reason from pjsip_sync.rejected group by reason order by reason collate \"C\"")));
    }

    [Fact]
    public async Task A_monstrous_number_is_refused_and_blocks_nobody()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions drop constraint extensions_number_key");

        await rig.ChangeAsync("""
            insert into extensions (number, password)
              values ((select string_agg(md5(g::text), '') from generate_series(1, 500) g), 'x'), ('1001', 'x')
            """);

        Assert.Equal("1001", await rig.IdsAsync());
        Assert.Equal(["number is longer than the 255 characters that the ps_* tables take"],
            await rig.Database.RowsAsync("select reason from pjsip_sync.rejected"));
    }

    [Fact]
    public Task Random_changes_leave_the_right_rows_and_foreign_rows_untouched() =>
        Gen.Select(Gen.Int[0, 9], OneOf(Numbers), OneOf(Numbers), OneOf("a;b", "c^d", "", "plain"), Gen.Int[1, 8], Gen.Int[0, 3])
            .Array[10, 60].SampleAsync(WalkAsync, iter: 20, threads: 1);

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly string[] Numbers = ["1000", "1001", "1002", "1003", "trunk", "bad number", ""];

    private async Task WalkAsync((int Operation, string Number, string Other, string Password, int Contacts, int Drain)[] steps)
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("""
            alter table extensions drop constraint extensions_number_key;
            insert into ps_endpoints (id, context, callerid) values ('1002', 'trunk', 'mine'), ('trunk', 'trunk', 'mine');
            insert into ps_auths (id, password) values ('1002', 'p;'), ('trunk', 'q^');
            insert into ps_aors (id, contact) values ('1002', 'sip:a'), ('trunk', 'sip:b');
            """);
        const string strangers = """
            select e::text, e.xmin::text, e.ctid::text, a::text, a.xmin::text, o::text, o.xmin::text from ps_endpoints e
              join ps_auths a using (id) join ps_aors o using (id)
            where id in ('1002', 'trunk') order by id
            """;
        var before = await rig.Database.RowsAsync(strangers);
        foreach (var (operation, number, other, password, contacts, drain) in steps)
        {
            await rig.Database.ExecuteAsync(operation switch
            {
                0 or 1 or 2 => $"insert into extensions (number, password, max_contacts) values ('{number}', '{password}', {contacts})",
                3 => $"delete from extensions where number = '{number}'",
                4 => $"update extensions set number = '{other}' where number = '{number}'",
                5 => $"update extensions set password = '{password}' where number = '{number}'",
                6 => $"update extensions set enabled = not enabled where number = '{number}'",
                7 => $$"""update extensions set settings = '{"endpoint":{"rtp_timeout": {{contacts}} } }' where number = '{{number}}'""",
                8 => $"update extensions set settings = '{{}}', display_name = 'N{contacts}' where id % 2 = {drain % 2}",
                _ => drain == 0 ? "truncate extensions" : "update extensions set status = 'online'",
            });
            if (drain == 1)
                await rig.ApplyAllAsync();
        }
        await rig.ApplyAllAsync();
        Assert.Equal(before, await rig.Database.RowsAsync(strangers));
        // Every owned endpoint is the image of its row, or that row is rejected and the last good one stays.
        var wrong = await rig.Database.RowsAsync("""
            select e.id, e.row_key, x.number, x.password, a.password, o.max_contacts, p.rtp_timeout
            from pjsip_sync.managed_endpoint e
            left join extensions x on x.id::text = e.row_key and x.enabled
            left join ps_auths a on a.id = e.id left join ps_aors o on o.id = e.id left join ps_endpoints p on p.id = e.id
            where e.deleted_at is null and not exists (select from pjsip_sync.rejected r where r.row_key = e.row_key)
              and (x.number is distinct from e.id or a.password is distinct from replace(replace(x.password, '^', '^5E'), ';', '^3B')
                   or o.max_contacts is distinct from x.max_contacts or p.rtp_timeout is distinct
                     from (x.settings->'endpoint'->>'rtp_timeout')::int
                   or p.callerid is distinct from coalesce('"' || x.display_name || '" ', '') || '<' || x.number || '>')
            union all
            -- every enabled row is an endpoint or stands rejected, never both unless it keeps its last good one
            select x.number, x.id::text, 'neither', null, null, null, null from extensions x
            where x.enabled and not exists (select from pjsip_sync.managed_endpoint e where e.row_key = x.id::text and e.deleted_at is null)
              and not exists (select from pjsip_sync.rejected r where r.row_key = x.id::text)
            union all
            select r.id, r.row_key, 'not there', null, null, null, null from pjsip_sync.rejected r where
              not exists (select from extensions x where x.id::text = r.row_key and x.enabled)
            union all
            select p.id, null, 'nobody''s', null, null, null, null from ps_endpoints p where id not in ('1002', 'trunk') and
              not exists (select from pjsip_sync.managed_endpoint e where e.id = p.id and e.deleted_at is null)
            """);
        Assert.Empty(wrong);
        Assert.Equal(0, (await rig.ReconcileAsync(force: true)).Drift);
    }

    [Fact]
    public async Task The_shipped_profiles_fit_asterisks_own_tables()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => AsteriskSchema.CreateAsync(database, "public"),
            "Realtime:Profiles:sales:Context=sales", "Realtime:Profiles:sales:Endpoint:accountcode=42",
                "Realtime:Profiles:sales:MaxContacts=2");

        await rig.ChangeAsync(
            "insert into extensions (number, password, profile) values ('1', 'x', 'webrtc'), ('2', 'x', 'deskphone'), ('3', 'x', 'sales')");

        Assert.Equal(["1|yes|yes|opus,ulaw,alaw|NULL|NULL|internal|5", "2|NULL|NULL|g722,alaw,ulaw|rfc4733|NULL|internal|1",
            "3|NULL|NULL|ulaw,alaw|NULL|42|sales|2"], await rig.Database.RowsAsync(
            """
                select e.id, webrtc::text, dtls_auto_generate_cert::text, allow, dtmf_mode::text, accountcode, context,
                  max_contacts from ps_endpoints e join ps_aors using (id) order by 1
                """));
    }

    [Fact]
    public async Task Deleted_endpoints_contacts_expire_and_the_rest_is_purged_with_it()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x'), ('1002', 'x')");
        await rig.Database.ExecuteAsync("""
            insert into ps_contacts (id, endpoint, expiration_time)
              values ('a', '1001', 9999999999), ('b', '1002', 9999999999), ('c', 'trunk', 1)
            """);

        await rig.ChangeAsync("delete from extensions where number = '1001'");
        Assert.Equal(["a|1", "b|9999999999", "c|1"],
            await rig.Database.RowsAsync("select id, expiration_time from ps_contacts order by 1"));

        await rig.PurgeAsync();
        Assert.Equal(3L, await rig.Database.ScalarAsync<long>("select count(*) from ps_contacts"));

        await rig.Database.ExecuteAsync("""
            update pjsip_sync.managed_endpoint set deleted_at = now() - interval '2 minutes' where id = '1001';
            insert into pjsip_sync.node (name, last_seen_at) values ('behind', now())
            """);
        await rig.PurgeAsync();
        Assert.Equal(3L, await rig.Database.ScalarAsync<long>("select count(*) from ps_contacts"));

        await rig.Database.ExecuteAsync(
            "update pjsip_sync.node set refreshed_revision = (select max(revision) from pjsip_sync.managed_endpoint)");
        await rig.PurgeAsync();
        Assert.Equal(["b", "c"], await rig.Database.RowsAsync("select id from ps_contacts order by 1"));
        Assert.Equal(["1002"], await rig.Database.RowsAsync("select id from pjsip_sync.managed_endpoint"));
    }
}
