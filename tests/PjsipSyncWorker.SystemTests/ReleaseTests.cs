using System.Text.RegularExpressions;
using PjsipSyncWorker.SystemTests.Infrastructure;

namespace PjsipSyncWorker.SystemTests;

/// <summary>The files that scripts/release.sh makes of this checkout.</summary>
public sealed class ReleaseTests(ReleaseFiles release) : IClassFixture<ReleaseFiles>
{
    [Fact]
    public async Task Release_has_package_archive_source_and_checksums_and_names_what_is_missing()
    {
        var version = Regex.Match(Document.Read("Directory.Build.props"), "<VersionPrefix>(.*)<").Groups[1].Value;
        var architecture = (await Command.ExpectAsync(["dpkg", "--print-architecture"])).Text;
        var package = $"pjsip-sync-worker_{version}_{architecture}.deb";
        var archive = $"pjsip-sync-worker-{version}-linux-{architecture}.tar.gz";
        var source = $"pjsip-sync-worker-{version}.tar.gz";
        Assert.Superset(new HashSet<string?> { package, archive, source, "CHANGES.md", "SHA256SUMS" },
            Directory.GetFiles(release.First).Select(Path.GetFileName).ToHashSet());
        await Command.ExpectAsync(["env", $"--chdir={release.First}", "sha256sum", "--check", "--strict", "SHA256SUMS"]);
        Assert.Contains("./usr/bin/pjsip-sync-worker", await ListAsync(archive), StringComparison.Ordinal);
        Assert.Contains($"pjsip-sync-worker-{version}/compose.yaml", await ListAsync(source), StringComparison.Ordinal);
        var changes = await File.ReadAllTextAsync(Path.Combine(release.First, "CHANGES.md"));
        Assert.StartsWith($"## {version}", changes, StringComparison.Ordinal);
        var licensed = File.Exists(Path.Combine(Document.Root, "LICENSE"));
        Assert.Equal(!licensed, release.Made.Errors.Contains("NOT READY: there is no LICENSE", StringComparison.Ordinal));
        Assert.Equal(release.Made.Errors.Contains("NOT READY", StringComparison.Ordinal) ? 1 : 0, release.Made.ExitCode);
    }

    [Fact]
    public async Task Same_commit_makes_the_same_files()
    {
        var second = Path.Combine(release.Folder, "second");

        await ReleaseFiles.MakeAsync(second);

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(release.First, "SHA256SUMS")),
            await File.ReadAllTextAsync(Path.Combine(second, "SHA256SUMS")));
    }

    private async Task<string> ListAsync(string archive) =>
        (await Command.ExpectAsync(["tar", "-tzf", Path.Combine(release.First, archive)])).Output;
}
