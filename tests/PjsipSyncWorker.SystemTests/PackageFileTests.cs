namespace PjsipSyncWorker.SystemTests;

/// <summary>The Debian package as a file: what it holds, and where.</summary>
public sealed class PackageFileTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("package-");
    private string _package = "";

    public async ValueTask InitializeAsync()
    {
        await Command.NeedPackagesAsync("lintian", "groff-base");
        _package = await Command.MakePackageAsync();
        await Command.ExpectAsync(["dpkg-deb", "--extract", _package, _folder.FullName]);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Lintian_finds_no_error_in_the_package() =>
        await Command.ExpectAsync(["lintian", "--fail-on", "error", _package]);

    [Theory]
    [InlineData("bash-completion/completions/pjsip-sync-worker", "complete -F _pjsip_sync_worker pjsip-sync-worker")]
    [InlineData("zsh/vendor-completions/_pjsip-sync-worker", "#compdef pjsip-sync-worker")]
    [InlineData("fish/vendor_completions.d/pjsip-sync-worker.fish", "complete -c pjsip-sync-worker")]
    public void Completion_is_where_its_shell_looks(string file, string text) =>
        Assert.Contains(text, File.ReadAllText(Path.Combine(_folder.FullName, "usr/share", file)), StringComparison.Ordinal);

    [Fact]
    public async Task Man_page_has_the_version_and_no_fault()
    {
        var page = Path.Combine(_folder.FullName, "usr/share/man/man8/pjsip-sync-worker.8.gz");
        var version = (await Command.ExpectAsync(["dpkg-deb", "--field", _package, "Version"])).Text;

        var text = (await Command.ExpectAsync(["zcat", page])).Text;

        Assert.Matches($"^[.]TH PJSIP-SYNC-WORKER 8 \"[0-9]{{4}}-[0-9-]{{5}}\" \"pjsip-sync-worker {version}\" ", text);
        Assert.Equal("", (await Command.ExpectAsync(["groff", "-ww", "-z", "-man", "-Tutf8"], text + "\n")).All);
    }
}
