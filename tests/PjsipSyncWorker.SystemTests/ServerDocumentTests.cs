using System.Text.RegularExpressions;
using PjsipSyncWorker.SystemTests.Infrastructure;

namespace PjsipSyncWorker.SystemTests;

/// <summary>
/// The documented way from a bare server to a phone, each of its commands as the document has it, on one machine: a Debian 13 on which
/// nothing is installed, or what <see cref="ServerMachine"/> is told. On the same machine the commands of troubleshooting.md, operations.md
/// and security.md follow.
/// </summary>
[Collection("machine"), TestMethodOrderer(typeof(SourceOrder))]
public sealed partial class ServerDocumentTests(ServerMachine machine) : IClassFixture<ServerMachine>, IAsyncLifetime
{
    private static readonly IReadOnlyList<DocumentStep> NextRelease = DocumentSteps.OfSection("From the next release, on Debian 13");
    private static readonly IReadOnlyList<DocumentStep> Installation = DocumentSteps.OfSection("From a bare server to a phone");
    private static readonly IReadOnlyList<DocumentStep> Operations = DocumentSteps.OfDocument("operations.md");

    private readonly Machine _debian = machine.Debian;

    public static IEnumerable<TheoryDataRow<object>> Packages =>
        Rows((ServerMachine.AsteriskIsOfNextRelease ? NextRelease : []).Concat(Installation.Take(1)));

    public static IEnumerable<TheoryDataRow<object>> Configuration => Rows(Installation.Skip(1).SkipLast(1));

    public static IEnumerable<TheoryDataRow<object>> Troubleshooting => Rows(DocumentSteps.OfDocument("troubleshooting.md"));

    public static IEnumerable<TheoryDataRow<object>> UntilBackup => Rows(Operations.Before("createdb pbx_copy"));

    public static IEnumerable<TheoryDataRow<object>> Restore => Rows(Operations.From("createdb pbx_copy").Before("forget-node"));

    public static IEnumerable<TheoryDataRow<object>> AfterRestore => Rows(Operations.From("forget-node"));

    public static IEnumerable<TheoryDataRow<object>> Security => Rows(DocumentSteps.OfDocument("security.md"));

    public ValueTask InitializeAsync() => machine.Steps.BeforeAsync(this);

    public ValueTask DisposeAsync() => machine.Steps.AfterAsync();

    [Theory, Step, MemberData(nameof(Packages))]
    public Task Installing_the_packages_works(object step) => RunAsync(step);

    [Fact]
    public async Task Render_config_check_names_what_Debians_own_files_lack()
    {
        var found = await _debian.RunAsync("pjsip-sync-worker", "render-config", "--check", "/etc/asterisk");

        Assert.Equal(1, found.ExitCode);
        var lines = found.Output.Split('\n');
        Assert.Contains("odbc.ini [asterisk]: the section is missing", lines);
        Assert.Contains("extconfig.conf [settings]: ps_endpoints = odbc,asterisk,ps_endpoints_for_server is missing", lines);
        Assert.Contains("modules.conf [modules]: noload = res_config_odbc.so keeps out what is needed", lines);
        Assert.Contains("pjsip.conf [transport-udp]: the section is missing", lines);
        Assert.Contains("manager.conf [pjsip-sync]: the section is missing", lines);
    }

    [Theory, Step, MemberData(nameof(Configuration))]
    public Task Configuring_the_server_works(object step) => RunAsync(step);

    [Fact, Step]
    public async Task Phone_registers_with_its_password_and_no_other()
    {
        Assert.False(await machine.RegisterAsync("not-this-one"));
        await AssertRegistersAsync(10);
    }

    [Fact]
    public Task All_checks_pass_as_the_services_own_user() => AssertVerifiedAsync("1001", "1 of 1");

    [Fact]
    public async Task No_database_password_is_needed_anywhere()
    {
        Assert.Equal(1, (await _debian.RunAsync("grep", "-riE", "^[^;]*password", "/etc/pjsip-sync-worker", "/etc/odbc.ini")).ExitCode);
        Assert.Equal(1, (await _debian.RunAsync("grep", "-E", "^password *= *[^ ]", "/etc/asterisk/res_odbc.conf")).ExitCode);
        Assert.Equal("|", await _debian.SqlAsync(
            "select string_agg(coalesce(rolpassword, ''), '|') from pg_authid where rolname in ('pjsip_sync', 'asterisk')"));
    }

    [Fact]
    public async Task Files_with_secrets_are_readable_by_their_service_alone()
    {
        Assert.Equal("640 root asterisk", await ModeAsync("/etc/asterisk/manager.conf"));
        Assert.Equal("640 root asterisk", await ModeAsync("/etc/asterisk/res_odbc.conf"));
        Assert.Equal("640 root pjsip_sync", await ModeAsync("/etc/pjsip-sync-worker/appsettings.json"));
    }

    [Fact, Step]
    public async Task Changes_are_applied_after_all_services_restart_at_once()
    {
        await _debian.ExpectAsync("systemctl", "restart", "postgresql", "asterisk", "pjsip-sync-worker");
        await AssertReadyAsync(30);

        await _debian.SqlAsync("insert into extensions (number, password) values ('1002', 'another')");

        await Eventually.Equal("2", () => _debian.SqlAsync("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Asterisk_knows_every_command_that_the_documents_name()
    {
        var commands = Documented(AsteriskCommand());

        Assert.InRange(commands.Count, 4, 100);
        foreach (var command in commands)
            Assert.DoesNotMatch(new Regex("No such command|^Usage:", RegexOptions.Multiline), await _debian.ShellAsync(command));
    }

    [Fact]
    public async Task Worker_knows_every_command_and_option_that_the_documents_name()
    {
        var commands = CommandName().Matches((await _debian.ExpectAsync("pjsip-sync-worker", "--help")).Split("Commands:")[1])
            .Select(match => match.Groups[1].Value).ToList();
        var documented = Documented(new Regex($"`((?:pjsip-sync-worker )?(?:{string.Join('|', commands)})(?: [^`]*)?)`"));

        Assert.InRange(documented.Count, 21, 1000);
        foreach (var said in documented.Select(said => said.Replace("pjsip-sync-worker ", "", StringComparison.Ordinal)))
        {
            var help = await _debian.ExpectAsync("pjsip-sync-worker", said.Split(' ')[0], "--help");
            Assert.All(OptionName().Matches(said).Select(match => match.Value), option =>
                Assert.Matches(new Regex($"^ +(-., )?{option}( |$)", RegexOptions.Multiline), help));
        }
    }

    [Theory, MemberData(nameof(Troubleshooting))]
    public Task Commands_of_troubleshooting_work(object step) => RunAsync(step);

    [Theory, Step, MemberData(nameof(UntilBackup))]
    public Task Commands_of_operations_until_the_backup_work(object step) => RunAsync(step);

    [Fact, Step]
    public async Task Extensions_are_added_and_deleted_after_the_backup()
    {
        await _debian.SqlAsync("""
            insert into extensions (number, password) values ('1003', 'third');
            delete from extensions where number = '1001'
            """);

        await AssertEndpointsAsync(10, "1002,1003");
    }

    [Theory, Step, MemberData(nameof(Restore))]
    public Task Commands_of_operations_for_a_restore_work(object step) => RunAsync(step);

    [Fact]
    public async Task Restored_database_has_the_backups_extensions_and_a_phone_registers()
    {
        await AssertEndpointsAsync(20, "1001,1002");
        await AssertReadyAsync(20);
        Assert.False(await machine.RegisterAsync("not-this-one"));
        // Asterisk's link to the database was cut by the restore. A registration before the link is back is found by a snapshot.
        await AssertRegistersAsync(30);
        await Eventually.Succeeds(() => AssertVerifiedAsync("1001, 1002", "1 of 2"), TimeSpan.FromSeconds(10));
    }

    [Theory, Step, MemberData(nameof(AfterRestore))]
    public async Task Commands_of_operations_after_the_restore_work(object step)
    {
        await _debian.SqlAsync(
            "insert into pjsip_sync.node (name, last_seen_at) values ('pbx9', now() - interval '1 hour') on conflict do nothing");
        await RunAsync(step);
    }

    [Theory, Step, MemberData(nameof(Security))]
    public Task Commands_of_security_work(object step) => RunAsync(step);

    [Fact]
    public Task All_checks_pass_with_new_secrets() =>
        Eventually.Succeeds(() => AssertVerifiedAsync("1001, 1002", "1 of 2"), TimeSpan.FromSeconds(20));

    /// <summary>A theory's data may be public only as objects.</summary>
    private static IEnumerable<TheoryDataRow<object>> Rows(IEnumerable<DocumentStep> steps) =>
        steps.Select(step => new TheoryDataRow<object>(step));

    /// <summary>What the documents have between backquotes in the middle of a sentence.</summary>
    private static List<string> Documented(Regex pattern) =>
        [.. Document.All.SelectMany(file => pattern.Matches(Document.Read(file))).Select(match => match.Groups[1].Value).Distinct()];

    private Task RunAsync(object step) => _debian.ShellAsync(((DocumentStep)step).Text);

    private Task<string> ModeAsync(string file) => _debian.ExpectAsync("stat", "-c", "%a %U %G", file);

    private Task AssertReadyAsync(int seconds) =>
        Eventually.Succeeds(() => machine.WorkerAsync("health", "--ready"), TimeSpan.FromSeconds(seconds));

    private Task AssertEndpointsAsync(int seconds, string ids) =>
        Eventually.Equal(ids, () => _debian.SqlAsync("select string_agg(id, ',' order by id) from ps_endpoints"),
            TimeSpan.FromSeconds(seconds));

    /// <summary>Registers phone 1001, and waits until the last command of the installation shows the phone online.</summary>
    private async Task AssertRegistersAsync(int seconds)
    {
        Assert.True(await machine.RegisterAsync(await _debian.SqlAsync("select password from extensions where number = '1001'")));
        await Eventually.Succeeds(async () =>
            Assert.Contains("online", await _debian.ShellAsync(Installation[^1].Text),
                StringComparison.Ordinal), TimeSpan.FromSeconds(seconds));
    }

    /// <summary>Asserts that verify-config passes with these numbers read by Asterisk, and so many of all extensions online.</summary>
    private async Task AssertVerifiedAsync(string numbers, string online)
    {
        var found = await machine.WorkerAsync("verify-config");
        Assert.All(
            [
                "as role pjsip_sync on /run/postgresql", $"pass asterisk.proof [pbx1]: Asterisk reads {numbers} as written",
                $"{online} extension", " 0 warnings, 0 failed, 0 skipped",
            ],
            text => Assert.True(found.Contains(text, StringComparison.Ordinal), $"missing: {text}\n{found}"));
    }

    [GeneratedRegex("`(asterisk -rx '[^']+')`")]
    private static partial Regex AsteriskCommand();

    [GeneratedRegex("^  ([a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex CommandName();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex OptionName();
}
