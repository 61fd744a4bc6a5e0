using PjsipSyncWorker.Import;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Tests.Realtime;

namespace PjsipSyncWorker.Tests.Import;

/// <summary>What a row says of a phone, over the defaults and the profiles.</summary>
public sealed class RowBuilderTests
{
    private static readonly string[] AllFields =
    [
        "number", "password", "display_name", "context", "caller_id_name", "caller_id_number", "voicemail_enabled", "voicemail_mailbox",
        "transport", "codecs", "max_contacts", "profile", "settings",
    ];

    [Fact]
    public void What_the_defaults_say_is_left_out_and_what_they_say_too_much_is_cleared()
    {
        var row = Build(Phone(("endpoint.context", "internal"), ("endpoint.allow", "ulaw,alaw"), ("endpoint.direct_media", "no"),
            ("endpoint.callerid", "\"Anna\" <1>"), ("aor.max_contacts", "5"), ("aor.qualify_frequency", "60")));

        Assert.Equal(["number=1", "password=secret", "display_name=Anna", "settings={\"endpoint\":"
            + """{"rewrite_contact":null,"rtp_symmetric":null},"aor":{"remove_existing":null,"remove_unavailable":null}}"""], Texts(row));
    }

    [Fact]
    public void Without_a_column_an_option_is_in_the_settings()
    {
        var row = Build(Faithful(("endpoint.context", "out"), ("endpoint.callerid", "\"Anna\" <2>"), ("endpoint.mailboxes", "9@x")),
            ["number", "password", "settings"]);

        Assert.Equal(["number", "password", "settings"], row.Fields.Select(field => field.Name));
        Assert.Equal(["callerid=\"Anna\" <2>", "context=out", "mailboxes=9@x"],
            row.Settings.Select(setting => $"{setting.Key.Name}={setting.Value}").Order());
        Assert.Empty(row.Phone.Remarks);
    }

    [Fact]
    public void Without_settings_what_does_not_come_over_is_said()
    {
        var row = Build(Faithful(("endpoint.accountcode", "7"), ("endpoint.webrtc", "yes")), ["number", "password"]);

        Assert.Equal(2, row.Fields.Count);
        Assert.Contains("endpoint option accountcode was 7, and becomes nothing: public.t has no column for settings", row.Phone.Remarks);
    }

    [Fact]
    public void A_profile_is_chosen_when_the_phone_has_all_of_it()
    {
        var options = new[] { ("endpoint.webrtc", "yes"), ("endpoint.dtls_auto_generate_cert", "yes"), ("endpoint.allow", "opus,alaw") };
        Assert.Equal("webrtc", Build(Faithful(options)).Extension.Profile);
        Assert.Null(Build(Faithful(options[..1])).Extension.Profile);
    }

    [Fact]
    public void A_value_that_asterisk_does_not_take_is_lost_with_a_reason_and_a_secret_is_not_shown()
    {
        var row = Build(Faithful(("endpoint.rtp_timeout", "soon"), ("endpoint.nosuch", "x"), ("auth.md5_cred", "sesame")));
        Assert.Equal(3, row.Phone.Remarks.Count);
        Assert.Contains("rtp_timeout is left out: it must be a whole number", row.Phone.Remarks[0], StringComparison.Ordinal);
        Assert.Contains("ps_endpoints has no such column", row.Phone.Remarks[1], StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", string.Join(' ', row.Phone.Remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10 01", "a space")]
    [InlineData("h", "choose another")]
    public void A_number_that_the_worker_rejects_is_refused_with_its_reason(string number, string reason)
    {
        Assert.False(Builder(AllFields).TryBuild(Faithful() with { Number = number }, out _, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Statements_quote_whatever_a_file_holds_and_a_comment_is_one_line()
    {
        var row = Build(Faithful(("endpoint.callerid", "\"O'Hara\" <1>")) with
        {
            Password = "a';drop table t;--\\", Origin = "x\ndrop table t;",
        });
        var table = Table(AllFields);
        Assert.StartsWith("""
            insert into public.t (number, password, display_name)
            values ('1', E'a'';drop table t;--\\', 'O''Hara')
            on conflict (number) do nothing
            """.Replace("\r", "", StringComparison.Ordinal), InsertScript.Statement(table, row), StringComparison.Ordinal);

        var inventory = new PjsipInventory("a\nb");
        inventory.Refused.Add(new Finding("1\n2", "x\ndrop"));
        var lines = InsertScript.Lines(new ImportPlan(inventory, table, [row], [], [])).ToList();
        Assert.DoesNotContain(lines.Where(line => line.StartsWith("--", StringComparison.Ordinal)), line => line.Contains('\n'));
        Assert.Equal((1, 1), (lines.Count(line => line == "begin;"), lines.Count(line => line == "commit;")));
    }

    [Fact]
    public void Without_a_unique_index_a_statement_looks_first()
    {
        Assert.Equal("insert into public.t (number, password)\nselect '1', 'secret'\n"
            + "where not exists (select from public.t where number = '1')",
            InsertScript.Statement(Table(["number", "password"], isUnique: false), Build(Faithful(), ["number", "password"])));
    }

    /// <summary>A phone with what the worker's defaults say, and these options.</summary>
    private static ImportedPhone Faithful(params (string Name, string Value)[] options) => Phone(
        [
            ("endpoint.context", "internal"), ("endpoint.allow", "ulaw,alaw"), ("endpoint.direct_media", "no"),
            ("endpoint.rewrite_contact", "yes"), ("endpoint.rtp_symmetric", "yes"), ("endpoint.callerid", "<1>"),
            ("aor.max_contacts", "5"), ("aor.qualify_frequency", "60"), ("aor.remove_existing", "yes"), ("aor.remove_unavailable", "yes"),
            .. options,
        ]);

    private static ImportedPhone Phone(params (string Name, string Value)[] options)
    {
        var all = new Dictionary<(RealtimeTable, string), string>();
        foreach (var (name, value) in options)
            all[(RealtimeTable.All.Single(table => table.Section == name.Split('.')[0]), name.Split('.')[1])] = value;
        return new ImportedPhone("1", "secret", all, "test");
    }

    private static ImportedRow Build(ImportedPhone phone, string[]? fields = null)
    {
        Assert.True(Builder(fields ?? AllFields).TryBuild(phone, out var row, out var problem), problem);
        return row;
    }

    private static RowBuilder Builder(string[] fields)
    {
        var settings = MapperRig.ReadRealtime();
        return new RowBuilder(new Mapper(MapperRig.Asterisk22, settings), MapperRig.Asterisk22, Table(fields), settings.Profiles.Keys);
    }

    private static SourceTable Table(string[] fields, bool isUnique = true) => new()
    {
        Name = "public.t",
        Columns = fields.ToDictionary(field => field, field => new SourceColumn(field, "text", null, false)),
        Computed = new HashSet<string>(),
        Unfilled = [],
        NumberIsUnique = isUnique,
    };

    private static IEnumerable<string> Texts(ImportedRow row) => row.Fields.Select(field => $"{field.Name}={field.Value}");
}
