using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>Command lines and configuration files that cannot be used: exit code 2, and one line that says what to do.</summary>
public sealed class WrongUsageTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("wrong-usage-");

    /// <summary>Nothing listens there, and no command may get as far as to find out.</summary>
    private readonly TestDatabase _database = new("Host=127.0.0.1;Port=1;Database=x;Username=x");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData("bogus", "Unknown command \"bogus\". See: pjsip-sync-worker help")]
    [InlineData("statsu", "Unknown command \"statsu\"; did you mean status? See: pjsip-sync-worker help")]
    [InlineData("Status", "Unknown command \"Status\"; did you mean status? See: pjsip-sync-worker help")]
    [InlineData("verify", "Unknown command \"verify\"; did you mean verify-config? See: pjsip-sync-worker help")]
    [InlineData("@file", "Unknown command \"@file\". See: pjsip-sync-worker help")]
    [InlineData("[suggest:1] st", "Unknown command \"[suggest:1]\". See: pjsip-sync-worker help")]
    [InlineData("--bogus", "Unknown option --bogus. See: pjsip-sync-worker help")]
    [InlineData("--versoin", "Unknown option --versoin; did you mean --version? See: pjsip-sync-worker help")]
    [InlineData("status --bogus", "Unknown option --bogus of status. See: pjsip-sync-worker help status")]
    [InlineData("status -x", "Unknown option -x of status. See: pjsip-sync-worker help status")]
    [InlineData("status --jsno=true", "Unknown option --jsno of status; did you mean --json? See: pjsip-sync-worker help status")]
    [InlineData("status --json=maybe", "--json takes no value. See: pjsip-sync-worker help status")]
    [InlineData("status 1001 1002", "\"1002\" is too much: status takes [NUMBER] alone. See: pjsip-sync-worker help status")]
    [InlineData("run now", "\"now\" is too much: run takes no argument. See: pjsip-sync-worker help run")]
    [InlineData("run -- now", "\"now\" is too much: run takes no argument. See: pjsip-sync-worker help run")]
    [InlineData("sync-extensions --dryrun",
        "Unknown option --dryrun of sync-extensions; did you mean --dry-run? See: pjsip-sync-worker help sync-extensions")]
    [InlineData("forget-node", "NODE is missing. See: pjsip-sync-worker help forget-node")]
    [InlineData("forget-node --yes", "Unknown option --yes of forget-node. See: pjsip-sync-worker help forget-node")]
    [InlineData("--config", "--config lacks its value: --config FILE. See: pjsip-sync-worker help")]
    [InlineData("status --config", "--config lacks its value: --config FILE. See: pjsip-sync-worker help status")]
    [InlineData("status --config --json", "--config lacks its value: --config FILE. See: pjsip-sync-worker help status")]
    [InlineData("--config a status --config b", "--config is given more than once. See: pjsip-sync-worker help status")]
    [InlineData("status ''", "An argument is empty; a variable of the shell may have no value. See: pjsip-sync-worker help status")]
    [InlineData("render-config", "render-config needs either --output DIR or --check DIR. See: pjsip-sync-worker help render-config")]
    [InlineData("render-config --output --force", "--output lacks its value: --output DIR. See: pjsip-sync-worker help render-config")]
    [InlineData("render-config --check x --force",
        "--force goes with --output: --check writes nothing. See: pjsip-sync-worker help render-config")]
    [InlineData("validate x --config y",
        "validate takes FILE or --config, not both: FILE is checked by itself. See: pjsip-sync-worker help validate")]
    [InlineData("help staus", "Unknown command \"staus\"; did you mean status? See: pjsip-sync-worker help")]
    [InlineData("--config /nonexistent.json status",
        "Configuration: /nonexistent.json: there is no such file; name one that exists, or leave "
        + "--config out for /etc/pjsip-sync-worker/appsettings.json")]
    [InlineData("status --config no/such.json", "Configuration: no/such.json: there is no such file; name one that exists, or leave "
        + "--config out for /etc/pjsip-sync-worker/appsettings.json")]
    [InlineData("validate /etc", "Configuration: /etc: this is a folder; name the file in it")]
    public async Task A_wrong_command_line_is_exit_code_2_and_one_line(string line, string expected) =>
        Assert.Equal(expected, await RefusedAsync([.. line.Split(' ').Select(word => word == "''" ? "" : word)]));

    [Theory]
    [InlineData("", "the file is empty; the least is {}")]
    [InlineData(" \n", "the file is empty; the least is {}")]
    [InlineData("[]", "the file must be one JSON object: { … }")]
    [InlineData("{\n  \"Sync\": { \"BatchSize\": wrong-one }\n}",
        "line 2, column 26: this is no JSON; look for a quote, comma or brace that is missing or too much, here or just before")]
    [InlineData("{ \"Sync\": {}",
        "line 1, column 13: this is no JSON; look for a quote, comma or brace that is missing or too much, here or just before")]
    [InlineData("{ \"Source\": { \"Table\": \"x\" },\n\"Source\": { \"table\": \"y\" } }",
        "line 2: Source:table is given twice, first in line 1; remove one")]
    public async Task A_file_that_is_no_configuration_is_named_with_its_fault(string text, string expected)
    {
        var file = await WriteAsync(text);

        Assert.Equal($"Configuration: {file}: {expected}", await RefusedAsync("status", "--config", file));
    }

    [Theory]
    [InlineData("{ \"Sorce\": { \"Table\": \"public.users\" } }",
        "Sorce is not known; did you mean Source? The sections are: ConnectionStrings, Source, Realtime, Asterisk, Sync, Metrics, Logging "
        + "(FILE:1)")]
    [InlineData("{\n\"Sync\": {},\n\"Foo\": 1 }",
        "Foo is not known; the sections are: ConnectionStrings, Source, Realtime, Asterisk, Sync, Metrics, Logging (FILE:3)")]
    [InlineData("{ \"Logging\": { \"LogLevels\": {} } }",
        "Logging:LogLevels is not known here; did you mean LogLevel? The keys are: LogLevel, Format, Console (FILE:1)")]
    [InlineData("{ \"Logging\": { \"LogLevel\": { \"Default\": \"Inf\" } } }",
        "Logging:LogLevel:Default must be one of Trace, Debug, Information, Warning, Error, Critical, None, not \"Inf\" (FILE:1)")]
    [InlineData("{\n  \"Sync\": {\n    \"BatchSize\": 0 } }", "Sync:BatchSize must be a whole number from 1 to 100000, not \"0\" (FILE:3)")]
    public async Task A_key_that_cannot_be_used_is_named_with_its_line(string text, string expected)
    {
        var file = await WriteAsync(text);

        Assert.Equal($"Configuration: {expected.Replace("FILE", file, StringComparison.Ordinal)}", await RefusedAsync("validate", file));
    }

    [Fact]
    public async Task A_file_that_this_user_may_not_read_is_named_with_the_user()
    {
        var file = await WriteAsync("{}");
        File.SetUnixFileMode(file, UnixFileMode.None);
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_101_101);
        var published = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_WORKER")
            ?? Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker");

        var result = await Command.RunAsync(
            [.. Command.AsRoot("setpriv", "--reuid=nobody", "--clear-groups"), published, "validate", file]);

        Assert.Equal(
            (2, $"Configuration: {file}: permission denied to the user nobody; run the command as root (sudo), or as the user of the "
                + "service\n"),
            (result.ExitCode, result.Errors));
    }

    [Theory]
    [InlineData("status --bogus --help")]
    [InlineData("help status")]
    [InlineData("status -h")]
    public async Task Help_is_shown_whatever_else_is_wrong(string line)
    {
        var (exit, output) = await WorkerProcess.CommandAsync(_database, [], line.Split(' '));

        Assert.Equal(0, exit);
        Assert.Matches(new Regex(@"^Usage: pjsip-sync-worker status \[NUMBER\]"), output);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    [InlineData("-v")]
    [InlineData("-V")]
    public async Task Version_is_asked_for_in_any_of_four_ways(string word)
    {
        var (exit, output) = await WorkerProcess.CommandAsync(_database, [], word);

        Assert.Equal((0, $"{Diagnostics.BuildInfo.Version}\n"), (exit, output));
    }

    [Theory]
    [InlineData("--config FILE validate")]
    [InlineData("validate --config FILE")]
    [InlineData("validate --config=FILE")]
    [InlineData("validate FILE")]
    [InlineData("validate -- FILE")]
    public async Task A_file_is_taken_before_and_after_the_command(string line)
    {
        var file = await WriteAsync("{ // a comment\n \"Sync\": { \"BatchSize\": 7, }, }");

        var (exit, output) = await WorkerProcess.CommandAsync(
            _database, [], line.Replace("FILE", file, StringComparison.Ordinal).Split(' '));

        Assert.True(exit == 0, output);
        Assert.EndsWith($"{file}: the configuration can be used.\n", output, StringComparison.Ordinal);
    }

    private async Task<string> WriteAsync(string text)
    {
        var file = Path.Combine(_folder.FullName, "app.json");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        return file;
    }

    private async Task<string> RefusedAsync(params string[] arguments)
    {
        var (exit, output) = await WorkerProcess.CommandAsync(_database, [], arguments);
        Assert.True(exit == 2, $"{exit}: {output}");
        return Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
