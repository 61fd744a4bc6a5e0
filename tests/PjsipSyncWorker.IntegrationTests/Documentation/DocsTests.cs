using System.Text.RegularExpressions;
using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>
/// The SQL of README.md and docs/ does what they say: every block is run, in its order, with a worker, and a phone of 1001 at
/// an Asterisk. A line <c>--&gt; …</c> is a row that must come of it.
/// </summary>
public sealed partial class DocsTests(DocsTests.Cluster cluster) : IClassFixture<DocsTests.Cluster>
{
    private const string Expected = "--> ";

    public sealed class Cluster : IAsyncLifetime
    {
        internal PrivateCluster Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await PrivateCluster.CreateAsync("-c wal_level=logical");

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    public static TheoryData<string> FilesWithSql =>
        [.. Document.All.Where(file => Document.Blocks(file).Any(IsRun))];

    [Theory]
    [MemberData(nameof(FilesWithSql))]
    public async Task Every_sql_of_the_documents_does_what_they_say(string file)
    {
        await using var database = await InstalledAsync();
        var pbx = new FakePbx { AnswersSnapshots = true };
        pbx.Say("1001", comes: true);
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        await using var worker = await WorkerProcess.StartAsync(database, FakePbx.Node(ami));
        await Eventually.Equal(1L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.contact"));

        foreach (var block in Document.Blocks(file).Where(IsRun))
        {
            var expected = block.Text.Split('\n').Where(line => line.StartsWith(Expected, StringComparison.Ordinal))
                .Select(line => line[Expected.Length..]).ToList();
            if (expected.Count == 0)
                await PsqlAsync(database, block);
            else if (block.Text.StartsWith("select", StringComparison.Ordinal))
                await Eventually.Equal(string.Join('\n', expected), () => PsqlAsync(database, block), TimeSpan.FromSeconds(10));
            else
                Assert.Equal(string.Join('\n', expected), await PsqlAsync(database, block));
        }
    }

    [Fact]
    public async Task Everything_in_the_database_is_in_the_documents()
    {
        await using var database = await InstalledAsync();
        var words = Word().Matches(Document.Read("docs/use/sql.md") + Document.Read("docs/reference/database.md"))
            .Select(match => match.Value).ToHashSet(StringComparer.Ordinal);

        Assert.Empty((await database.RowsAsync("""
            select relname from pg_class where relnamespace = 'pjsip_sync'::regnamespace and relkind in ('r', 'v')
              or oid = 'pjsip_sync.revision'::regclass
            union select proname from pg_proc where pronamespace = 'pjsip_sync'::regnamespace
            union select attname from pg_attribute join pg_class on pg_class.oid = attrelid
              where relnamespace = 'pjsip_sync'::regnamespace and relkind in ('r', 'v') and attnum > 0 and attname <> 'singleton'
            union select attname from pg_attribute where attrelid = 'extensions'::regclass and attnum > 0 and attname <> 'id'
            union select pjsip_sync.extension_fields(written_back) from unnest(array[true, false]) as written_back
            """)).Except(words));
    }

    [Fact]
    public async Task Every_function_of_the_document_is_in_the_database()
    {
        await using var database = await InstalledAsync();
        var text = Document.Read("docs/reference/database.md");
        var named = FunctionName().Matches(text[text.IndexOf("The other functions", StringComparison.Ordinal)..])
            .Select(match => match.Groups[1].Value);

        Assert.Empty(named.Except(await database.RowsAsync("select proname from pg_proc where pronamespace = 'pjsip_sync'::regnamespace")));
    }

    [Fact]
    public async Task A_pooler_that_is_configured_as_documented_lets_the_worker_listen()
    {
        var documented = Document.Blocks("docs/operate/operations.md").Single(block => block.Language == "ini").Text;
        await using var database = await InstalledAsync();
        await using var pooler = await PgBouncer.StartAsync(database.ConnectionString,
            Regex.Match(documented, "^pool_mode = (.*)$", RegexOptions.Multiline).Groups[1].Value,
            Regex.Match(documented, "^pbx_worker = .* (pool_mode=.*)$", RegexOptions.Multiline).Groups[1].Value);
        await using var pooled = new TestDatabase(pooler.ConnectionString);

        var (_, output) = await WorkerProcess.CommandAsync(pooled, [], "verify-config");

        Assert.Contains("pass database.listen", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_invariant_of_the_architecture_names_a_test_that_exists()
    {
        var tests = await ReliabilityTests.KnownTestsAsync();
        var named = TestName().Matches(Document.Read("docs/architecture.md")).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(11, named.Count);
        Assert.All(named, name => Assert.Contains(name, tests));
    }

    /// <summary>A block that is a file of an application is run by FrameworkTests.</summary>
    private static bool IsRun(FencedBlock block) => block is { Language: "sql", CopiedTo: null };

    /// <summary>As <c>init --create-extensions --roles</c> leaves it.</summary>
    private async Task<TestDatabase> InstalledAsync()
    {
        var database = await cluster.Server.CreateDatabaseAsync($"docs_{Guid.NewGuid():N}");
        await FaultRig.InstallAsync(database);
        return database;
    }

    private static async Task<string> PsqlAsync(TestDatabase database, FencedBlock block)
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, block.Text);
            return (await Repository.ExpectAsync("psql",
                ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", connection.Host!, "-p", $"{connection.Port}", "-U",
                    connection.Username!, "-d", connection.Database!, "-f", file],
                TimeSpan.FromSeconds(30))).TrimEnd('\n');
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex FunctionName();

    [GeneratedRegex(@"\| `(\w+\.\w+)` \|$", RegexOptions.Multiline)]
    private static partial Regex TestName();
}
