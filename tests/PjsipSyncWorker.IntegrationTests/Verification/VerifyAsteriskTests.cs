using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>Each check of an Asterisk, seen failing on a real one that is configured wrongly.</summary>
public sealed class VerifyAsteriskTests(PostgresServer server, VerifiedPbx pbx) : IClassFixture<VerifiedPbx>
{
    [Fact]
    public async Task Correct_server_passes_and_proves_that_it_reads_the_rows()
    {
        await ConfigureAsync();

        var checks = await VerificationAssert.VerifyAsync(pbx.Settings);

        VerificationAssert.ExpectNoFailure(checks);
        VerificationAssert.Expect(checks, "asterisk.proof", Outcome.Pass,
            "Asterisk reads 1001, 1002, 1003, t1-(1004).x as written");
        VerificationAssert.Expect(checks, "asterisk.version", Outcome.Pass, "Asterisk 22");
        VerificationAssert.Expect(checks, "asterisk.systemname", Outcome.Pass, pbx.Asterisk.Name);
        VerificationAssert.Expect(checks, "registrations.followed", Outcome.Warn, "no worker follows this node", "Start the worker");
    }

    [Fact]
    public async Task Refused_login_and_absent_manager_are_told_apart()
    {
        var node = pbx.Settings.Asterisk.Nodes[0];

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(With(node with { Secret = "wrong" })), "asterisk.login",
            "Asterisk refused the AMI user pjsip-sync", "the secret of Asterisk:Nodes");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(With(node with { Username = "nobody" })), "asterisk.login",
            "Asterisk refused the AMI user nobody", "[nobody]");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(With(node with { Port = 1 })), "asterisk.tcp",
            "Connection refused", "enabled = yes");
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(With(node with { Port = new NpgsqlConnectionStringBuilder(
            pbx.Settings.ConnectionString).Port })), "asterisk.login", "did not greet as AMI", "manager.conf");
    }

    [Theory]
    [InlineData("s/^read = .*/read = system/", "lacks read = call")]
    [InlineData("s/^read = .*/read = call/", "lacks read = system")]
    [InlineData("s/^write = .*/write = system,reporting/", "lacks write = command")]
    [InlineData("s/^write = .*/write = system,command/", "lacks write = reporting")]
    [InlineData("s/^write = .*/write = reporting,command/", "lacks write = system")]
    public async Task An_ami_class_that_is_missing_is_named(string edit, string found)
    {
        await pbx.Asterisk.EditAsync(("manager.conf", edit));
        await pbx.Asterisk.CliAsync("manager reload");
        try
        {
            VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.privileges", Outcome.Fail, found,
                "read = system,call and write = system,reporting,command");
        }
        finally
        {
            await pbx.Asterisk.EditAsync();
            await pbx.Asterisk.CliAsync("manager reload");
        }
    }

    [Fact]
    public async Task Two_nodes_with_one_systemname_are_a_failure()
    {
        await ConfigureAsync();
        var node = pbx.Settings.Asterisk.Nodes[0];
        var settings = pbx.Settings with { Asterisk = pbx.Settings.Asterisk with { Nodes = [node, node with { Name = "pbx2" }] } };

        var failed = Assert.Single(await VerificationAssert.VerifyAsync(settings), check => check.Outcome == Outcome.Fail);

        Assert.Equal(("asterisk.systemname", "pbx2"), (failed.Name, failed.Node));
        Assert.Contains("is also that of pbx1", failed.Found, StringComparison.Ordinal);
        Assert.Contains("its own systemname in asterisk.conf", failed.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/^ps_endpoints/d",
        "Asterisk cannot read the endpoint 1001; the missing link is extconfig: extconfig.conf has no line for "
        + "ps_endpoints", "ps_endpoints = odbc,asterisk")]
    [InlineData("s/^ps_aors = .*/ps_aors = odbc,nosuch/",
        "Asterisk reads the endpoint 1001 without its aor; the missing link is extconfig: extconfig.conf sends ps_aors to the "
        + "class nosuch", "ps_aors = odbc,asterisk")]
    public async Task A_family_that_extconfig_does_not_lead_to_the_database_is_named(string edit, string found, string advice)
    {
        await ConfigureAsync(("extconfig.conf", edit));

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.proof", found, advice);
    }

    [Fact]
    public async Task Contacts_that_have_no_place_are_named()
    {
        await ConfigureAsync(("extconfig.conf", "/^ps_contacts/d"));

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.contacts",
            "extconfig.conf has no line for ps_contacts: no phone can register", "ps_contacts = odbc,asterisk");
        Assert.False(await new SipPhone(pbx.Asterisk, "1002", "two").RegisterAsync());
    }

    [Fact]
    public async Task A_transport_and_a_context_that_the_server_does_not_have_are_named()
    {
        await ConfigureAsync();
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.references", Outcome.Pass,
            "this server has transport transport-tcp, context internal");
        try
        {
            await pbx.Database.ExecuteAsync("""
                update ps_endpoints set transport = 'udp', subscribe_context = 'no lamps' where id in ('1002', '1003');
                update ps_endpoints set context = 'nope' where id = '1003'
                """);

            var checks = await VerificationAssert.VerifyAsync(pbx.Settings);

            VerificationAssert.Expect(checks, "asterisk.references", Outcome.Fail,
                "not there: transport udp (2 extensions, such as 1002); context nope (1 extension, such as 1003); "
                    + "subscribe_context no lamps (2 extensions, such as 1002)", "transports: transport-tcp, transport-udp; contexts: ");
            VerificationAssert.Expect(checks, "asterisk.references", Outcome.Fail, "not there", "internal");
            await pbx.Asterisk.CliAsync("sorcery memory cache expire endpoint_cache");
            VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.proof", Outcome.Pass,
                "as written");
            var phone = new SipPhone(pbx.Asterisk, "1003", "three");
            Assert.True(await phone.RegisterAsync());
            Assert.False(await phone.CallAsync("*43"));
        }
        finally
        {
            await pbx.Database.ExecuteAsync(
                "update ps_endpoints set transport = null, subscribe_context = null, context = 'internal' where id in ('1002', '1003')");
        }
    }

    [Fact]
    public async Task Unfit_contacts_table_is_named_and_repaired()
    {
        await ConfigureAsync();
        var phone = new SipPhone(pbx.Asterisk, "1002", "two");
        const string stored = "select count(*) from ps_contacts where endpoint = '1002'";
        // As an upgrade of Asterisk alone leaves it.
        await pbx.Database.ExecuteAsync("alter table ps_contacts drop column qualify_2xx_only, drop column call_id");
        Assert.True(await phone.RegisterAsync());
        Assert.Equal(0L, await pbx.Database.ScalarAsync<long>(stored));
        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.contacts",
            "ps_contacts has no column qualify_2xx_only, call_id, which this Asterisk writes",
            "alter table \"asterisk\".ps_contacts add column qualify_2xx_only text, add column call_id text");

        await SyncRig.InstallAsync(pbx.Database, pbx.Settings, createExtensions: false);
        VerificationAssert.ExpectNoFailure(await VerificationAssert.VerifyAsync(pbx.Settings));
        Assert.True(await phone.RegisterAsync());
        Assert.Equal(1L, await pbx.Database.ScalarAsync<long>(stored));

        // As older workers and Asterisk's own scripts make it.
        await pbx.Database.ExecuteAsync("alter table ps_contacts alter uri type varchar(511), alter user_agent type varchar(255)");
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.contacts", Outcome.Warn,
            "uri takes 511 characters, user_agent takes 255 characters",
            "alter table \"asterisk\".ps_contacts alter column uri type text, alter column user_agent type text");
        await SyncRig.InstallAsync(pbx.Database, pbx.Settings, createExtensions: false);
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.contacts", Outcome.Pass, "in ps_contacts");
        Assert.True(await phone.RegisterAsAsync("1002" + string.Concat(Enumerable.Repeat(";x", 200)), new string('U', 1000)));
        Assert.Equal(1L, await pbx.Database.ScalarAsync<long>($"{stored} and length(user_agent) = 1000 and length(uri) > 800"));
    }

    [Fact]
    public async Task Endpoint_outside_realtime_and_an_empty_systemname_are_named()
    {
        await ConfigureAsync(("sorcery.conf", "/^endpoint = realtime/d"), ("asterisk.conf", "s/^systemname.*//"));

        var checks = await VerificationAssert.VerifyAsync(pbx.Settings);

        VerificationAssert.ExpectOnly(checks, "asterisk.proof",
            "the missing link is sorcery: its ODBC link and extconfig.conf are right, "
            + "but sorcery.conf does not lead endpoint there", "endpoint = realtime,ps_endpoints");
        VerificationAssert.Expect(checks, "asterisk.systemname", Outcome.Warn, "systemname is empty", "asterisk.conf");
    }

    [Fact]
    public async Task Auth_outside_realtime_and_a_missing_module_are_named()
    {
        await ConfigureAsync(("sorcery.conf", "/^auth = realtime/d"), ("modules.conf", "$ a noload = res_pjsip_registrar.so"));

        var checks = await VerificationAssert.VerifyAsync(pbx.Settings);

        VerificationAssert.Expect(checks, "asterisk.proof", Outcome.Fail,
            "Asterisk reads the endpoint 1001 without its auth; the missing link is sorcery", "auth = realtime,ps_auths");
        VerificationAssert.Expect(checks, "asterisk.modules", Outcome.Fail, "not loaded: res_pjsip_registrar", "noload");
    }

    [Fact]
    public async Task A_data_source_that_is_not_there_is_named()
    {
        await ConfigureAsync(("res_odbc.conf", "s/^dsn = .*/dsn = nosuch/"));

        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.proof", Outcome.Fail,
            "the missing link is odbc: the ODBC class asterisk has no connection to its database", "isql DSN USER PASSWORD");
    }

    [Fact]
    public async Task A_data_source_that_leads_to_another_database_is_found_out()
    {
        await using var other = await SyncRig.CreateAsync(server);
        await ConfigureAsync(
            ("odbc.ini", $"s/^Database = .*/Database = {new NpgsqlConnectionStringBuilder(other.Database.ConnectionString).Database}/"));

        VerificationAssert.ExpectOnly(await VerificationAssert.VerifyAsync(pbx.Settings), "asterisk.proof",
            "the missing link is database: its ODBC link works, but finds no such row in ps_endpoints", "odbc.ini");

        await other.ChangeAsync("""
            insert into extensions (number, password, context, settings)
              values ('1001', 'secret-of-the-other', 'elsewhere', '{"aor": {"qualify_frequency": 0}}')
            """);
        var checks = await VerificationAssert.VerifyAsync(pbx.Settings);
        VerificationAssert.ExpectOnly(checks, "asterisk.proof", "Asterisk reads 1001 otherwise than it was written: ",
            "lead to this database and schema");
        VerificationAssert.Expect(checks, "asterisk.proof", Outcome.Fail, "ps_endpoints.context");
        VerificationAssert.Expect(checks, "asterisk.proof", Outcome.Fail, "ps_auths.password");
        Assert.DoesNotContain("secret-of-the-other", string.Concat(checks.Select(check => check.Found + check.Advice)),
            StringComparison.Ordinal);
    }

    private WorkerSettings With(NodeSettings node) => pbx.Settings with { Asterisk = pbx.Settings.Asterisk with { Nodes = [node] } };

    /// <summary>Boots Asterisk with these edits.</summary>
    private async Task ConfigureAsync(params (string File, string Sed)[] edits)
    {
        await pbx.Asterisk.EditAsync(edits);
        await pbx.Asterisk.RestartAsync();
    }
}
