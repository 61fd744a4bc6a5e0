using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>What the documents say exists, and what they show is run by somebody.</summary>
public sealed partial class DocumentTests
{
    /// <summary>Blocks that nobody runs, by the line they begin with: pictures, code of other languages, what needs a second machine.</summary>
    private static readonly Dictionary<string, string> NotRun = new(StringComparer.Ordinal)
    {
        ["README.md:  app ── SQL ──▶ extensions ──trigger──▶ pjsip_sync.change + NOTIFY ──▶ [loop 1: sync] ──▶ ps_endpoints / ps_auths / ps_aors ──ODBC──▶ Asterisk"] = "a picture",
        ["README.md: scripts/demo.sh     # the main job end to end, on a private PostgreSQL and a real Asterisk; --keep leaves it running"] = "runs for minutes; scripts/test.sh is what runs this",
        ["README.md: grant select, insert, update, delete on public.extensions to YOUR_APPLICATION"] = "what init prints; RoleTests does it",
        ["README.md: pjsip-sync-worker verify-config          # every check: passed, to look at, failed, skipped; what was found, what to do"] = "run by docs/troubleshooting.md, as the service's user",
        ["README.md: { \"outcome\": \"pass|warn|fail\","] = "a shape, of which VerifyDatabaseTests reads the real thing",
        ["docs/asterisk.md: ; /etc/asterisk/pjsip_carriers.conf"] = "a carrier's own",
        ["docs/architecture.md:  your application                    PostgreSQL                                   the worker                      Asterisk"] = "a picture",
        ["docs/dashboards.md: import pg from 'pg'"] = "needs a package of Node",
        ["docs/dashboards.md: class FollowExtensions extends Command"] = "needs Laravel",
        ["docs/operations.md: create subscription phones connection 'host=app.example.net dbname=app user=replicator' publication phones;"] = "needs a second server; ReplicationTests does it",
        ["docs/operations.md: psql pbx -c 'drop view ps_endpoints_for_server' && alembic -c config.ini upgrade head && pjsip-sync-worker init"] = "needs Asterisk's own scripts; EndpointViewTests does it",
        ["docs/operations.md: [databases]"] = "DocsTests starts a PgBouncer with its lines",
    };

    /// <summary>Whose shell commands scripts/test-readme.sh runs.</summary>
    private static readonly string[] ShellDocuments = ["README.md", "docs/operations.md", "docs/security.md", "docs/troubleshooting.md"];

    [Fact]
    public void Every_block_is_run_by_a_test_or_named_here_with_the_reason_why_not()
    {
        var blocks = Document.All.SelectMany(Document.Blocks).ToList();

        Assert.Equal(NotRun.Keys.Order(StringComparer.Ordinal),
            blocks.Where(block => block.Language is not ("sql" or "sh" or "json")).Select(block => $"{block.File}: {block.FirstLine}").Order(StringComparer.Ordinal));
        Assert.Empty(blocks.Where(block => block.Language == "sh").Select(block => block.File).Except(ShellDocuments));
        var script = Document.Read("scripts/test-readme.sh");
        Assert.All(ShellDocuments, file => Assert.Contains(file, script, StringComparison.Ordinal));
    }

    [Fact]
    public void The_readme_leads_to_every_document()
    {
        var readme = Document.Read("README.md");

        Assert.All(Document.All.Skip(1), file => Assert.Contains($"({file})", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_that_a_document_names_is_there()
    {
        Assert.All(Document.All.Append("CHANGELOG.md"), file => Assert.All(FileName().Matches(Document.Read(file)).Select(match => match.Value),
            name => Assert.True(Path.Exists(Path.Combine(Document.Root, name)), $"{file} names {name}")));
    }

    [Fact]
    public void Every_check_of_verify_config_is_explained_and_no_other()
    {
        var explained = Document.Read("docs/troubleshooting.md").Split('\n')
            .SkipWhile(line => line != "## Each check of verify-config").Select(line => CheckRow().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(Checks().Append("configuration").Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_alert_is_explained()
    {
        var alerts = Regex.Matches(Document.Read("monitoring/alerts.yml"), "- alert: (.*)").Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"`{alert}`", Document.Read("docs/troubleshooting.md"), StringComparison.Ordinal));
    }

    /// <summary>A line that is looked for must be one that is written: some words of it stand in the source.</summary>
    [Fact]
    public void What_the_worker_is_said_to_say_it_says()
    {
        var source = string.Concat(Directory.EnumerateFiles(Path.Combine(Document.Root, "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var said = Document.Read("docs/troubleshooting.md").Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split(" | ")[0])
            .SelectMany(cell => Quoted().Matches(cell).Select(match => match.Groups[1].Value))
            .Where(words => words.Contains(' ', StringComparison.Ordinal) && !words.StartsWith("Unable to find object", StringComparison.Ordinal)).ToList();

        Assert.InRange(said.Count, 20, 100);
        Assert.All(said, words => Assert.Contains(words.Split(["…", ": "], StringSplitOptions.TrimEntries), piece => piece.Length >= 7 && source.Contains(piece, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_changelog_begins_with_the_version_that_is_built()
    {
        var version = Regex.Match(Document.Read("Directory.Build.props"), "<VersionPrefix>(.*)</VersionPrefix>").Groups[1].Value;

        Assert.StartsWith($"## {version}", Document.Read("CHANGELOG.md").Split('\n').First(line => line.StartsWith("## ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_document_has_an_absolute_path_of_a_checkout()
    {
        Assert.All(Document.All, file => Assert.DoesNotContain(Document.Root, Document.Read(file), StringComparison.Ordinal));
    }

    private static List<string> Checks()
    {
        var settings = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Asterisk:Nodes:0:Secret"] = "x" }).Build());
        using var dataSource = NpgsqlDataSource.Create(settings.ConnectionString);
        using var metrics = new SyncMetrics();
        return [.. new DatabaseChecks(dataSource, settings).Checks
            .Concat(new SyncChecks(dataSource, settings, metrics).Checks)
            .Concat(new NodeChecks(settings.Asterisk.Nodes[0], settings, dataSource, []).Checks)
            .Concat(new RegistrationChecks(dataSource, settings).Checks)
            .Select(check => check.Name)];
    }

    [GeneratedRegex(@"(?<![\w/.-])(docs|scripts|sql|asterisk|monitoring|systemd|packaging|tests|bench|src)/[\w./-]*[\w/]")]
    private static partial Regex FileName();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\| `([a-z.]+)` \|")]
    private static partial Regex CheckRow();
}
