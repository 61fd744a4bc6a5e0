using System.Text.RegularExpressions;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.AsteriskConfig;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Import;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.IntegrationTests.Import;

/// <summary>What a real Asterisk makes of phones in its files, and of the rows that an import makes of them.</summary>
public sealed partial class ImportEqualityTests(PostgresServer server)
{
    private static readonly string Source = Path.Combine(Repository.Root, "tests", "import", "asterisk");

    /// <summary>The phones of the source that come over.</summary>
    private static readonly string[] Phones =
        ["1001", "1002", "1003", "1010", "1011", "1030", "door", .. Enumerable.Range(0, OptionPhones.Count).Select(OptionPhones.Name)];

    [Fact]
    public async Task Asterisk_makes_the_same_of_a_file_and_of_the_rows_that_are_imported_from_it()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var options = await OptionPhones.TextAsync(database);
        var wizards = await File.ReadAllTextAsync(Path.Combine(Source, "pjsip_wizard.conf"));
        await asterisk.WriteAsync("etc/pjsip_carriers.conf", await SourceTextAsync() + options);
        await asterisk.WriteAsync("etc/pjsip_wizard.conf", wizards);
        await asterisk.RestartAsync();
        var before = await ShownAsync(asterisk);
        await BuiltInOptionsAreAsync(database, before);

        var folder = Directory.CreateTempSubdirectory("import-");
        Directory.CreateDirectory(Path.Combine(folder.FullName, "phones.d"));
        File.Copy(Path.Combine(Source, "phones.d", "desk.conf"), Path.Combine(folder.FullName, "phones.d", "desk.conf"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "pjsip_wizard.conf"), wizards);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "pjsip.conf"),
            await File.ReadAllTextAsync(Path.Combine(Source, "pjsip.conf")) + options);
        var (exit, sql) = await WorkerProcess.CommandAsync(database, [], "import", folder.FullName, "--print");
        folder.Delete(recursive: true);
        Assert.DoesNotContain("left out", sql, StringComparison.Ordinal);
        Assert.Equal(1, exit); // 1020 cannot come over
        await database.ExecuteAsync(sql[..(sql.LastIndexOf("commit;", StringComparison.Ordinal) + 7)]);
        await asterisk.WriteAsync("etc/pjsip_carriers.conf", "");
        await asterisk.WriteAsync("etc/pjsip_wizard.conf", "");
        await asterisk.RestartAsync();
        Assert.DoesNotContain("1001", await asterisk.CliAsync("pjsip show endpoints"), StringComparison.Ordinal);
        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [], "sync-extensions")).ExitCode);

        var after = await ShownAsync(asterisk);
        // What differs is said: with one mailbox in the endpoint and in the AOR Asterisk would answer a SUBSCRIBE with 500.
        const string replaces = "endpoint mwi_subscribe_replaces_unsolicited";
        Assert.Equal([$"option1 {replaces} = no, became yes", $"option3 {replaces} = no, became yes"],
            before.Except(after).Zip(after.Except(before), (was, became) => $"{was}, became {became.Split(' ')[^1]}"));
        Assert.Equal(2, sql.Split("option mwi_subscribe_replaces_unsolicited was no, and becomes yes").Length - 1);
        Assert.Equal(before.Count, after.Count);
        Assert.True(before.Count > 1000, $"{before.Count} options");
        // The digest of a password is not shown as such; it is compared by what the table has.
        Assert.Equal([
                "1001|sesame|", "1002|another one|", "1003|plain|", "1010|se^3Bcret\"'\\x|", "1011||0cc175b9c0f1b6a831c399e269772661",
                "1030|wizard|", "door|ding|", "option0|x|", "option1|x|", "option2|x|", "option3|x|",
            ],
            await database.RowsAsync("select id, coalesce(password, ''), coalesce(md5_cred, '') from ps_auths order by id"));
    }

    [Fact]
    public async Task The_reader_reads_odd_lines_as_asterisk_reads_them()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        await asterisk.WriteAsync("etc/odd.conf", Odd);
        var node = new NodeSettings { Port = asterisk.AmiPort, Secret = asterisk.AmiSecret };
        await using var connection = await NodeAccess.ConnectAsync(
            node, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeProvider.System, default);

        var answer = await connection.SendAsync(new AmiAction("GetConfig") { { "Filename", "odd.conf" } }, default);

        Assert.True(answer.Success, answer.Message);
        var theirs = answer.Headers.Where(header => header.Key.StartsWith("Category-", StringComparison.Ordinal)
            || header.Key.StartsWith("Line-", StringComparison.Ordinal)).Select(header => header.Value).ToList();
        var ours = ConfReader.ReadText(Odd, isIni: false).Sections.Where(section => !section.IsTemplate)
            .SelectMany(section => section.Entries.Select(entry => $"{entry.Key}={entry.Value}").Prepend(section.Name)).ToList();
        Assert.Equal(theirs, ours);
        Assert.True(ours.Count > 30);
    }

    /// <summary>Lines that a person may write, and lines that nobody should.</summary>
    private const string Odd = """
        [base](!)
        a = 1
        b=2 ; a comment
        [middle](!,base)
        c =>3
        d= 4;;
        [x](middle)
        e = one\;two;three
        f = "quoted ; and cut"
        g = "quoted \; and kept"
        h==equals
        i = a = b
        j =
        a = again
        a += more
        a +=most
        K = upper
        k = lower
        no equals sign here
        = no name
        \[l] = bracket
        ;-- a block
        m = hidden
        ;-- nested --;
        n = hidden
        --; o = behind the block
        p = before ;-- within --; and behind
        q = x;--- no block
        r = \\;s
        [y]
        type = endpoint
        [y]
        type = aor
        [y](+type=aor)
        t = of the aor
        [y](+)
        u = of the first
        [ z ](base)
        v = blanks in the name
        [w](x)
        w = inherits from no template
        #nosuchdirective x
        """;

    /// <summary>The file without what the test's Asterisk has already: its own transport, and the file that has the others.</summary>
    private static async Task<string> SourceTextAsync()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Source, "pjsip.conf"));
        var desk = await File.ReadAllTextAsync(Path.Combine(Source, "phones.d", "desk.conf"));
        return Globals().Replace(text, "").Replace("#include phones.d/*.conf", desk, StringComparison.Ordinal);
    }

    /// <summary>1003 has no option that it does not need: what Asterisk shows of it is what Asterisk does by itself.</summary>
    private static async Task BuiltInOptionsAreAsync(TestDatabase database, List<string> shown)
    {
        await using var connection = await database.OpenAsync();
        var schema = await RealtimeSchema.LoadAsync(connection, "public", default);
        var compared = 0;
        var wrong = new List<string>();
        foreach (var column in schema.Columns.Where(column => BuiltInOptions.InForce(column, null) is not null
            && column.Name is not "max_contacts"))
        {
            var prefix = $"1003 {column.Table.Section} {column.Name} = ";
            if (shown.Find(line => line.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..] is not { } value)
                continue;
            value = column.Kind == ColumnKind.Real ? value.TrimEnd('0').TrimEnd('.') : value;
            var ours = BuiltInOptions.InForce(column, null);
            if (!string.Equals(ours, BuiltInOptions.InForce(column, value), StringComparison.OrdinalIgnoreCase))
                wrong.Add($"{column.Name} is {value}, not {ours}");
            compared++;
        }
        Assert.Empty(wrong);
        Assert.True(compared > 80, $"{compared} options");
    }

    /// <summary>Returns each option of each object of the phones, as Asterisk shows it: "1001 endpoint allow: alaw".</summary>
    private static async Task<List<string>> ShownAsync(AsteriskServer asterisk)
    {
        var lines = new List<string>();
        foreach (var phone in Phones)
        {
            var endpoint = await asterisk.CliAsync($"pjsip show endpoint {phone}");
            Assert.True(endpoint.Contains("ParameterName", StringComparison.Ordinal), await WhyNotLoadedAsync(asterisk, phone));
            lines.AddRange(OptionsOf(endpoint, $"{phone} endpoint"));
            lines.AddRange(OptionsOf(await asterisk.CliAsync($"pjsip show aor {phone}"), $"{phone} aor"));
            var auth = InAuth().Match(endpoint).Groups[1].Value;
            lines.AddRange(OptionsOf(await asterisk.CliAsync($"pjsip show auth {auth}"), $"{phone} auth"));
        }
        // The name of the auth is the worker's own.
        return [.. lines.Where(line => !line.Contains(" endpoint auth ", StringComparison.Ordinal))];
    }

    /// <summary>Returns what Asterisk's log says of an endpoint: the last lines before it gave up.</summary>
    private static async Task<string> WhyNotLoadedAsync(AsteriskServer asterisk, string phone)
    {
        var log = (await asterisk.ReadAsync("log/messages")).Split('\n');
        var end = Array.FindIndex(log, line => line.Contains($"'{phone}'", StringComparison.Ordinal)) + 1;
        return $"{phone}: {string.Join('\n', log[Math.Max(0, end - 6)..end])}";
    }

    private static List<string> OptionsOf(string shown, string prefix)
    {
        var options = Option().Matches(shown)
            .Select(match => $"{prefix} {match.Groups[1].Value} = {match.Groups[2].Value.Trim()}").ToList();
        Assert.True(options.Count > 5, $"{prefix}: {shown}");
        return options;
    }

    [GeneratedRegex(@"^ (\w+) +: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"InAuth: +([^/]+)/")]
    private static partial Regex InAuth();

    [GeneratedRegex(@"\[(global|transport-udp)\]\n(\w.*\n)+")]
    private static partial Regex Globals();
}
