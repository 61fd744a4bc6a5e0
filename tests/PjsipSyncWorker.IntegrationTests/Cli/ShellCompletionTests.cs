namespace PjsipSyncWorker.IntegrationTests.Cli;

/// <summary>The completions of the package in real shells: what a person has after the key Tab.</summary>
public sealed class ShellCompletionTests : IAsyncLifetime
{
    private static readonly string[] Lines =
    [
        "st => status",
        "--config app.json st => --config app.json status",
        "--config ap => --config app.json",
        "--config=ap => --config=app.json",
        "status --js => status --json",
        "render-config --output as => render-config --output asterisk-files/",
        "render-config --check asterisk-files/in => render-config --check asterisk-files/inner/",
        "validate ap => validate app.json",
        "--config app.json forget-node pb => --config app.json forget-node pbx9",
        "--config app.json render-config --node=pb => --config app.json render-config --node=pbx9",
        "help rend => help render-config",
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("completion-");

    public static IEnumerable<TheoryDataRow<string>> Rows => Lines.Select(line => new TheoryDataRow<string>(line));

    public async ValueTask InitializeAsync()
    {
        await Command.NeedPackagesAsync("zsh", "fish");
        _folder.CreateSubdirectory("asterisk-files/inner");
        _folder.CreateSubdirectory("functions");
        await WriteAsync("app.json", """{ "Asterisk": { "Nodes": [ { "Name": "pbx9", "Secret": "x" } ] } }""");
        await WriteAsync("asterisk-files/file", "");
        var worker = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_WORKER") is { Length: > 0 } published
            ? $"'{published}'" : $"dotnet '{Path.Combine(AppContext.BaseDirectory, "pjsip-sync-worker.dll")}'";
        await WriteAsync("pjsip-sync-worker", $"#!/bin/sh\nexec {worker} \"$@\"\n");
        File.SetUnixFileMode(PathOf("pjsip-sync-worker"), (UnixFileMode)0b111_101_101);
        File.Copy(Script("zsh"), PathOf("functions/_pjsip-sync-worker"));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory, MemberData(nameof(Rows))]
    public Task Bash_completes(string line) => AssertTypedAsync(line, "bash --noprofile --norc -i", $"source '{Script("bash")}'");

    [Fact]
    public async Task Bash_quotes_what_a_shell_would_run()
    {
        // Stands for the program, which knows a number that somebody chose to harm.
        await WriteAsync("pjsip-sync-worker", """
            #!/bin/sh
            [ "$1" != complete ] || printf '%s\n' '77$(touch harm)'
            """);

        await Command.RunAsync(["script", "-q", "-e", "-c", "bash --noprofile --norc -i", "/dev/null"],
            $"cd '{_folder.FullName}'; source '{Script("bash")}'\npjsip-sync-worker status 77\t\nexit\n", environment: Variables);

        Assert.False(File.Exists(PathOf("harm")));
    }

    [Theory, MemberData(nameof(Rows))]
    public Task Zsh_completes(string line) => AssertTypedAsync(line, "zsh -f -i",
        $"fpath=('{PathOf("functions")}' $fpath); autoload -Uz compinit; compinit -u -D; bindkey -e; setopt no_auto_remove_slash");

    [Theory, MemberData(nameof(Rows))]
    public async Task Fish_completes(string line)
    {
        var (typed, expected) = Split(line);

        var result = await Command.RunAsync(["fish", "--no-config", "-c",
            $"cd '{_folder.FullName}'; source '{Script("fish")}'; complete -C 'pjsip-sync-worker {typed}'"], environment: Variables);

        var word = Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Split('\t')[0];
        Assert.Equal(expected.Split(' ')[^1], word);
    }

    /// <summary>Types a line and Tab on a terminal, then puts a command before the line that prints its words.</summary>
    private async Task AssertTypedAsync(string line, string shell, string preparation)
    {
        var (typed, expected) = Split(line);
        const string beginOfLine = "\x01";

        var result = await Command.RunAsync(["script", "-q", "-e", "-c", shell, "/dev/null"],
            $"cd '{_folder.FullName}'; {preparation}\npjsip-sync-worker {typed}\t{beginOfLine}printf '<%s>' \nexit\n",
            environment: Variables);

        Assert.Contains($"<pjsip-sync-worker>{string.Concat(expected.Split(' ').Select(word => $"<{word}>"))}", result.Output,
            StringComparison.Ordinal);
    }

    private Dictionary<string, string> Variables => new()
    {
        ["PATH"] = $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
        ["HOME"] = _folder.FullName,
        ["TERM"] = "xterm",
    };

    private static (string Typed, string Expected) Split(string line) => line.Split(" => ") is [var typed, var expected]
        ? (typed, expected) : throw new ArgumentException(line);

    private static string Script(string shell) => Path.Combine(Repository.Root, $"packaging/completions/pjsip-sync-worker.{shell}");

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private Task WriteAsync(string name, string text) =>
        File.WriteAllTextAsync(PathOf(name), text, TestContext.Current.CancellationToken);
}
