using PjsipSyncWorker.IntegrationTests.Infrastructure;

namespace PjsipSyncWorker.IntegrationTests;

/// <summary>Any sequence of changes, any mixture of good and bad.</summary>
public sealed class ValueTests(PostgresServer server)
{
    [Fact]
    public async Task Of_ten_thousand_rows_the_five_hundred_bad_ones_are_rejected_with_right_reasons()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => AsteriskSchema.CreateAsync(database, "public"));

        await rig.ChangeAsync("""
            insert into extensions (number, password, codecs, settings, display_name, profile)
            select case when g % 200 = 1 then '10 ' || g when g % 200 = 2 then repeat('9', 41) || g else g::text end,
                   case when g % 200 = 3 then '' when g % 200 = 4 then '$2y$10$abcdefghijklmnopqrstuuOWW.QcvFyMtjDcTGOyEC2dFf9kXx0aG' when g % 200 = 5 then repeat('p', 81) else 'good' || g end,
                   case when g % 200 = 6 then 'ul/aw' end,
                   case when g % 200 = 7 then '{"endpoint":{"nosuch":1}}' when g % 200 = 8 then '{"aor":{"max_contacts":"many"}}' else '{}' end::jsonb,
                   case when g % 200 = 9 then repeat('n', 60) end,
                   case when g % 200 = 10 then 'nosuch' end
            from generate_series(10000, 19999) g
            """);

        Assert.Equal(9500L, await rig.Database.ScalarAsync<long>("select count(*) from ps_endpoints"));
        Assert.Equal(
        [
            "50|codecs must be a list of codec names such as ulaw,alaw",
            "50|display_name is longer than the 40 characters that ps_endpoints.callerid takes",
            "50|number holds a space: letters, digits and -_.!~*'()=+$?# can be carried by SIP, AMI and the dialplan",
            "50|number is longer than the 40 characters that ps_auths.username takes",
            "50|password is a hash (bcrypt, argon2 or crypt): SIP needs the clear text, or md5_cred in settings.auth",
            "50|password is empty: SIP needs the clear text, or md5_cred in settings.auth",
            "50|password is longer than the 80 characters that ps_auths.password takes",
            "50|profile is not one of deskphone, webrtc",
            "50|settings.aor.max_contacts must be a whole number",
            "50|settings.endpoint.nosuch: ps_endpoints has no such column",
        ], (await rig.Database.RowsAsync("select count(*), reason from pjsip_sync.rejected group by reason order by reason collate \"C\"")));
    }

    [Fact]
    public async Task A_monstrous_number_is_refused_and_blocks_nobody()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("alter table extensions drop constraint extensions_number_key");

        await rig.ChangeAsync("insert into extensions (number, password) values ((select string_agg(md5(g::text), '') from generate_series(1, 500) g), 'x'), ('1001', 'x')");

        Assert.Equal("1001", await rig.IdsAsync());
        Assert.Equal(["number is longer than the 255 characters that the ps_* tables take"], await rig.Database.RowsAsync("select reason from pjsip_sync.rejected"));
    }

    [Fact]
    public async Task Whatever_is_done_to_the_source_the_target_is_its_image_and_strangers_rows_are_untouched()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.Database.ExecuteAsync("""
            alter table extensions drop constraint extensions_number_key;
            insert into ps_endpoints (id, context, callerid) values ('1002', 'trunk', 'mine'), ('trunk', 'trunk', 'mine');
            insert into ps_auths (id, password) values ('1002', 'p;'), ('trunk', 'q^');
            insert into ps_aors (id, contact) values ('1002', 'sip:a'), ('trunk', 'sip:b');
            """);
        const string strangers = """
            select e::text, e.xmin::text, e.ctid::text, a::text, a.xmin::text, o::text, o.xmin::text from ps_endpoints e join ps_auths a using (id) join ps_aors o using (id)
            where id in ('1002', 'trunk') order by id
            """;
        var before = await rig.Database.RowsAsync(strangers);
        var seed = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next();
        var random = new Random(seed);
        var numbers = new[] { "1000", "1001", "1002", "1003", "trunk", "bad number", "" };
        var passwords = new[] { "a;b", "c^d", "", "plain" };

        for (var step = 0; step < 400; step++)
        {
            var number = numbers[random.Next(numbers.Length)];
            var sql = random.Next(10) switch
            {
                0 or 1 or 2 => $"insert into extensions (number, password, max_contacts) values ('{number}', '{passwords[random.Next(4)]}', {random.Next(1, 9)})",
                3 => $"delete from extensions where number = '{number}'",
                4 => $"update extensions set number = '{numbers[random.Next(numbers.Length)]}' where number = '{number}'",
                5 => $"update extensions set password = '{passwords[random.Next(4)]}' where number = '{number}'",
                6 => $"update extensions set enabled = not enabled where number = '{number}'",
                7 => $$"""update extensions set settings = '{"endpoint":{"rtp_timeout": {{random.Next(99)}} } }' where number = '{{number}}'""",
                8 => $"update extensions set settings = '{{}}', display_name = 'N{step}' where id % 2 = {random.Next(2)}",
                _ => random.Next(5) == 0 ? "truncate extensions" : "update extensions set status = 'online'",
            };
            await rig.Database.ExecuteAsync(sql);
            if (random.Next(3) == 0)
                await rig.DrainAsync();
            if (random.Next(20) != 0)
                continue;
            await rig.DrainAsync();
            Assert.True(before.SequenceEqual(await rig.Database.RowsAsync(strangers)), $"seed {seed}, step {step}: {sql}");
            // Every owned endpoint is the image of its row, or that row is rejected and the last good one stays.
            var wrong = await rig.Database.RowsAsync("""
                select e.id, e.row_key, x.number, x.password, a.password, o.max_contacts, p.rtp_timeout
                from pjsip_sync.endpoint e
                left join extensions x on x.id::text = e.row_key and x.enabled
                left join ps_auths a on a.id = e.id left join ps_aors o on o.id = e.id left join ps_endpoints p on p.id = e.id
                where e.deleted_at is null and not exists (select from pjsip_sync.rejected r where r.row_key = e.row_key)
                  and (x.number is distinct from e.id or a.password is distinct from replace(replace(x.password, '^', '^5E'), ';', '^3B')
                       or o.max_contacts is distinct from x.max_contacts or p.rtp_timeout is distinct from (x.settings->'endpoint'->>'rtp_timeout')::int
                       or p.callerid is distinct from coalesce('"' || x.display_name || '" ', '') || '<' || x.number || '>')
                union all
                -- every enabled row is an endpoint or stands rejected, never both unless it keeps its last good one
                select x.number, x.id::text, 'neither', null, null, null, null from extensions x
                where x.enabled and not exists (select from pjsip_sync.endpoint e where e.row_key = x.id::text and e.deleted_at is null)
                  and not exists (select from pjsip_sync.rejected r where r.row_key = x.id::text)
                union all
                select r.id, r.row_key, 'not there', null, null, null, null from pjsip_sync.rejected r where not exists (select from extensions x where x.id::text = r.row_key and x.enabled)
                union all
                select p.id, null, 'nobody''s', null, null, null, null from ps_endpoints p where id not in ('1002', 'trunk') and not exists (select from pjsip_sync.endpoint e where e.id = p.id and e.deleted_at is null)
                """);
            Assert.True(wrong.Count == 0, $"seed {seed}, step {step}: {string.Join("\n", wrong)}");
        }
        Assert.Equal(0, (await rig.ReconcileAsync(force: true)).Drift);
    }
}
