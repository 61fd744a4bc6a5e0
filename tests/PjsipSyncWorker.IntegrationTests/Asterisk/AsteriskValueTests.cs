
namespace PjsipSyncWorker.IntegrationTests.Asterisk;

/// <summary>Values as a real Asterisk reads them over ODBC.</summary>
public sealed class AsteriskValueTests(PostgresServer server)
{
    [Fact]
    public async Task Every_printable_character_of_a_password_counts_at_registration()
    {
        await using var rig = await SyncRig.CreateAsync(server, database => AsteriskSchema.CreateAsync(database, "public"));
        await using var asterisk = await AsteriskServer.StartAsync(rig.Database.ConnectionString);
        var printable = Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).ToArray();
        var passwords = printable.Select(c => $"p{c}w").Append(new string(printable)[..48]).Append(new string(printable)[48..])
            .Concat(["^3Bp;;^^5E ;", "ends ", " begins", "  "]).ToArray();
        for (var i = 0; i < passwords.Length; i++)
            await rig.Database.ExecuteAsync("insert into extensions (number, password) values ($1, $2)", $"{2000 + i}", passwords[i]);
        await rig.ApplyAllAsync();

        await Parallel.ForAsync(0, passwords.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            Assert.True(await new SipPhone(asterisk, $"{2000 + i}", passwords[i]).RegisterAsync(), $"the password «{passwords[i]}»");
            if (passwords[i].Length == 3)
                Assert.False(await new SipPhone(asterisk, $"{2000 + i}", "pw").RegisterAsync(), $"«pw» instead of «{passwords[i]}»");
        });
    }

    [Fact]
    public async Task Display_names_arrive_as_typed()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(rig.Database.ConnectionString);
        string[] names = ["Plain Name", "O'Brien", "Anna \"Ann\" Öz", "back\\slash \\\" end\\", "semi;colon ^3B ^", "Zoë 🦊 東京",
            "<angle> & co", "100% ${EXTEN} $[1+1]"];
        for (var i = 0; i < names.Length; i++)
            await rig.Database.ExecuteAsync("insert into extensions (number, password, display_name) values ($1, 'x', $2)", $"{3000 + i}",
                names[i]);
        await rig.ApplyAllAsync();

        for (var i = 0; i < names.Length; i++)
        {
            var shown = (await asterisk.CliAsync($"pjsip show endpoint {3000 + i}")).Split('\n')
                .Single(line => line.TrimStart().StartsWith("callerid ", StringComparison.Ordinal));
            var escaped = names[i].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            Assert.Equal($"\"{escaped}\" <{3000 + i}>",
                shown[(shown.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        }
    }

    [Theory]
    [InlineData("+4930123")]
    [InlineData("alice")]
    [InlineData("t1-1001")]
    [InlineData("a.b_c!d~e")]
    [InlineData("o'brien(2)=x$?")]
    [InlineData("12*3#4")]
    public async Task Such_a_number_registers_and_is_seen(string number)
    {
        await using var database = await server.CreateDatabaseAsync();
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ($1, 'x')", number);
        await Eventually.True(() => database.ScalarAsync<bool>("select refreshed_revision > 0 from pjsip_sync.node"));

        // In a URI # must be escaped; a phone does that.
        Assert.True(await new SipPhone(asterisk, number.Replace("#", "%23", StringComparison.Ordinal), "x", username: number)
            .RegisterAsync());

        await Eventually.Equal("online", () => database.ScalarAsync<string>("select status from extensions"));
    }

    [Fact]
    public async Task Deleted_or_disabled_extension_is_refused_until_enabled_again()
    {
        await using var database = await server.CreateDatabaseAsync();
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await using var worker = await WorkerProcess.StartAsync(database, asterisk.WorkerSettings());
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x')");
        await Expect.RefreshedAsync(database);
        var phone = new SipPhone(asterisk, "1001", "x");
        Assert.True(await phone.RegisterAsync());
        await Eventually.Equal("online", () => database.ScalarAsync<string>("select status from extensions"));

        for (var round = 0; round < 2; round++)
        {
            await database.ExecuteAsync("update extensions set enabled = false");
            await Eventually.Equal("offline", () => database.ScalarAsync<string>("select status from extensions"));
            Assert.False(await phone.RegisterAsync());
            await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from ps_contacts"));
            await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));

            await database.ExecuteAsync("update extensions set enabled = true");
            await Expect.RefreshedAsync(database);
            Assert.True(await phone.RegisterAsync());
            await Eventually.Equal("online", () => database.ScalarAsync<string>("select status from extensions"));
        }
    }
}
