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
    /// <summary>
    /// Blocks that nobody runs, by the line they begin with: pictures, code of other languages, what needs a second machine.
    /// </summary>
    private static readonly Dictionary<string, string> NotRun = new(StringComparer.Ordinal)
    {
        ["CONTRIBUTING.md: dotnet build -v q -nologo tests/PjsipSyncWorker.Tests"] = "builds and tests; scripts/test.sh does the same",
        ["README.md:   your application"] = "a picture",
        ["README.md: scripts/demo.sh     # the main flow end to end, on a private PostgreSQL and a real Asterisk; "
            + "--keep leaves it running"] = "runs for minutes; scripts/test.sh is what runs this",
        ["docs/architecture.md:  your application                    PostgreSQL                                   the worker    "
            + "                  Asterisk"] = "a picture",
        ["docs/operate/import.md: pjsip-sync-worker import /etc/asterisk --dry-run"] = "needs a server with phones; ImportTests runs it",
        ["docs/operate/import.md: pjsip-sync-worker import /etc/asterisk --print > phones.sql     # has the passwords: keep it secret"] =
            "the same",
        ["docs/operate/install.md: pjsip-sync-worker verify-config          # each check: pass, warn, fail or skip; "
            + "what was found, what to do"] = "run by docs/operate/troubleshooting.md, as the service's user",
        ["docs/operate/operations.md: [databases]"] = "DocsTests starts a PgBouncer with its lines",
        ["docs/operate/operations.md: create subscription phones connection 'host=app.example.net dbname=app user=replicator' "
            + "publication phones;"] = "needs a second server; ReplicationTests does it",
        ["docs/operate/operations.md: psql pbx -c 'drop view asterisk.ps_endpoints_for_server' && alembic -c config.ini upgrade head && "
            + "pjsip-sync-worker init"] = "needs Asterisk's own scripts; EndpointViewTests does it",
        ["docs/reference/commands.md: { \"outcome\": \"pass|warn|fail\","] = "a shape, of which VerifyCommandTests reads the real thing",
        ["docs/reference/roles.md: grant select, insert, update, delete on public.extensions to YOUR_APPLICATION"] =
            "what init prints; GrantTests does it",
        ["docs/frameworks/django.md: new WebSocket('wss://' + location.host + '/phones').onmessage = ({ data }) => "
            + "show(JSON.parse(data))"] = "needs a web server; the page's own tests read the consumer",
        ["docs/frameworks/laravel.md: Broadcast::channel('extensions', fn ($user) => $user->can('see-phones'));"] = "needs a web server",
        ["docs/frameworks/laravel.md: Echo.private('extensions').listen('ExtensionStatusChanged', ({ number, status }) => "
            + "show(number, status))"] = "needs a web server",
        ["docs/frameworks/node.md: new EventSource('/phones').onmessage = ({ data }) => show(JSON.parse(data))"] =
            "needs a browser; FrameworkTests reads the events",
        ["docs/frameworks/rails.md: consumer.subscriptions.create('PhonesChannel', { received: ({ number, status }) => "
            + "show(number, status) })"] = "needs a web server",
        ["docs/use/tutorial.md: docker compose exec postgres psql -U postgres pbx"] = "opens psql; DocsTests runs what is typed there",
        ["docs/reference/commands.md: pjsip-sync-worker status | awk -F'\\t' '$2 == \"online\" { print $1, $4 }'"] =
            "StatusCommandTests runs it",
        ["docs/reference/commands.md: 2026-11-27T01:02:03Z\t1001\tonline\tNOT_INUSE\t192.0.2.11\tAnna\t-"] = "output",
    };

    /// <summary>The documents whose shell commands ServerDocumentTests runs on a booted machine, the first as sections.</summary>
    private static readonly string[] ShellDocuments =
        ["docs/operate/install.md", "docs/operate/operations.md", "docs/operate/security.md", "docs/operate/troubleshooting.md"];

    /// <summary>The document whose shell commands ContainerTests runs in a Docker engine, as a section.</summary>
    private const string ContainerDocument = "docs/operate/containers.md";

    /// <summary>The folder of the documents whose files and commands FrameworkTests runs.</summary>
    private const string Frameworks = "docs/frameworks/";

    /// <summary>The document whose files and commands BrowserPhoneTests runs.</summary>
    private const string BrowserDocument = "docs/use/browser-phones.md";

    /// <summary>Documents whose commands are those of pages that are run.</summary>
    private static readonly string[] QuickStarts = ["README.md", "docs/use/tutorial.md"];

    [Fact]
    public void Every_block_is_run_by_a_test_or_listed_with_a_reason()
    {
        var copied = Document.All.SelectMany(Document.Blocks).Where(IsOfApplication).ToLookup(block => block.File == BrowserDocument);
        var (frameworks, browser) = (copied[false].ToList(), copied[true].ToList());
        var blocks = Document.All.SelectMany(Document.Blocks).Except(frameworks).Except(browser).ToList();

        Assert.Equal(NotRun.Keys.Concat(DoneByTests.Keys).Order(StringComparer.Ordinal),
            blocks.Where(block => block.Language is not ("sql" or "sh" or "json")).Select(block => $"{block.File}: {block.FirstLine}")
                .Order(StringComparer.Ordinal));
        Assert.Empty(blocks.Where(block => block.Language == "sh").Select(block => block.File)
            .Except([.. ShellDocuments, ContainerDocument, .. QuickStarts]));
        AssertRunBy("SystemTests/ServerDocumentTests",
            [.. SectionsOf(ShellDocuments[0]), .. ShellDocuments.Skip(1).Select(Path.GetFileName)]);
        AssertRunBy("SystemTests/ContainerTests", [.. SectionsOf(ContainerDocument)]);
        AssertRunBy("IntegrationTests/Documentation/FrameworkTests",
            [.. frameworks.Select(block => Path.GetFileNameWithoutExtension(block.File)),
            .. frameworks.Where(block => block.Language == "sh").Select(block => block.Heading)]);

        AssertRunBy("IntegrationTests/Documentation/BrowserPhoneTests",
            [BrowserDocument, .. browser.Where(block => block.Language == "sh").Select(block => block.Heading)]);

        // A file to copy, or the commands that use it.
        static bool IsOfApplication(FencedBlock block) =>
            (block.File.StartsWith(Frameworks, StringComparison.Ordinal) || block.File == BrowserDocument)
            && (block.Language == "sh" || block.CopiedTo is not null);
        // The tests find a section by its heading, and a document by its name.
        IEnumerable<string> SectionsOf(string file) =>
            blocks.Where(block => block.File == file && block.Language == "sh").Select(block => block.Heading).Distinct();
        static void AssertRunBy(string test, string?[] names)
        {
            var source = Document.Read($"tests/PjsipSyncWorker.{test}.cs");
            Assert.All(names, name => Assert.Contains($"\"{name}\"", source, StringComparison.Ordinal));
        }
    }

    /// <summary>Nobody runs the quick start by itself: its lines are those of the two pages whose commands are run.</summary>
    [Fact]
    public void Every_line_of_the_quick_start_is_one_of_the_pages_that_explain_it()
    {
        var run = new[] { "docs/operate/install.md", ContainerDocument }.SelectMany(Lines).ToHashSet(StringComparer.Ordinal);

        Assert.All(QuickStarts, file => Assert.Empty(Lines(file).Except(run)));

        static IEnumerable<string> Lines(string file) =>
            Document.Blocks(file).Where(block => block.Language == "sh").SelectMany(block => block.Text.Split('\n'));
    }

    /// <summary>The names of the instruments in the source, to which the exporter adds the unit and <c>_total</c>.</summary>
    [Fact]
    public void Every_metric_is_explained_and_no_other()
    {
        string[] channels = ["pjsip_sync_change", "pjsip_sync_revision"];
        var made = Regex.Matches(Source(), @"\(\s*""(pjsip_sync_\w+)""").Select(match => match.Groups[1].Value)
            .Except(channels).Order(StringComparer.Ordinal);
        var explained = MetricRow().Matches(Document.Read("docs/reference/metrics.md"))
            .Select(match => Regex.Replace(match.Groups[1].Value, "_(total|seconds)$", ""));

        Assert.Equal(made, explained.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_document_is_reachable_from_the_readme()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(["README.md"]);
        while (open.TryDequeue(out var file))
            if (reached.Add(file))
                foreach (var link in Document.Links(file).Where(link => Document.All.Contains(link.Target)))
                    open.Enqueue(link.Target);

        Assert.Empty(Document.All.Except(reached));
    }

    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading_that_exist()
    {
        Assert.All(Document.All.Append("CHANGELOG.md").SelectMany(Document.Links), link =>
        {
            Assert.True(Path.Exists(Path.Combine(Document.Root, link.Target)), $"{link.File} links to {link.Target}, which is not there");
            Assert.True(link.Anchor.Length == 0 || Document.Anchors(link.Target).Contains(link.Anchor),
                $"{link.File} links to #{link.Anchor} of {link.Target}, which has no such heading");
        });
    }

    [Fact]
    public void Every_file_that_a_document_names_is_there()
    {
        Assert.All(Document.All.Append("CHANGELOG.md"),
            file => Assert.All(FileName().Matches(Document.Read(file)).Select(match => match.Value)
                .Except(Document.Blocks(file).Select(block => block.CopiedTo ?? "")),
            name => Assert.True(Path.Exists(Path.Combine(Document.Root, name)), $"{file} names {name}")));
    }

    [Fact]
    public void Every_check_of_verify_config_is_explained_and_no_other()
    {
        var explained = Document.Read("docs/reference/checks.md").Split('\n')
            .SkipWhile(line => line != "## Each check").Select(line => CheckRow().Match(line))
                .Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(Checks().Append("configuration").Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    /// <summary>A line that is looked for must be one that is written: some words of it stand in the source.</summary>
    [Fact]
    public void Every_quoted_log_text_is_in_the_source()
    {
        var source = Source();
        var said = Document.Read("docs/operate/troubleshooting.md").Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split(" | ")[0])
            .SelectMany(cell => Quoted().Matches(cell).Select(match => match.Groups[1].Value))
            .Where(words => words.Contains(' ', StringComparison.Ordinal)
                && !words.StartsWith("Unable to find object", StringComparison.Ordinal)).ToList();

        Assert.InRange(said.Count, 20, 100);
        Assert.All(said, words => Assert.Contains(words.Split(["…", ": "], StringSplitOptions.TrimEntries),
            piece => piece.Length >= 7 && source.Contains(piece, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_changelog_begins_with_the_version_that_is_built()
    {
        var version = Regex.Match(Document.Read("Directory.Build.props"), "<VersionPrefix>(.*)</VersionPrefix>").Groups[1].Value;

        Assert.StartsWith($"## {version}", Document.Read("CHANGELOG.md").Split('\n')
            .First(line => line.StartsWith("## ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_document_has_an_absolute_path_of_a_checkout()
    {
        Assert.All(Document.All, file => Assert.DoesNotContain(Document.Root, Document.Read(file), StringComparison.Ordinal));
    }

    private static string Source() =>
        string.Concat(Directory.EnumerateFiles(Path.Combine(Document.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText));

    private static List<string> Checks()
    {
        var settings = SettingsReader.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Asterisk:Nodes:0:Secret"] = "x" }).Build());
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

    [GeneratedRegex(@"^\| `(pjsip_sync_\w+)", RegexOptions.Multiline)]
    private static partial Regex MetricRow();
}
