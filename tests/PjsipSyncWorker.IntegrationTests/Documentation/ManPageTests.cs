namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>The man page is one that man shows without a complaint.</summary>
public sealed class ManPageTests
{
    private static readonly string Page = Path.Combine(Repository.Root, "packaging/pjsip-sync-worker.8");

    [Fact]
    public async Task The_man_page_has_no_fault_for_groff_and_mandoc()
    {
        await Command.NeedPackagesAsync("groff-base", "mandoc");

        Assert.Equal("", (await Command.ExpectAsync(["groff", "-ww", "-z", "-man", "-Tutf8", Page])).All);
        Assert.Equal("", (await Command.ExpectAsync(["mandoc", "-T", "lint", "-W", "warning", Page])).All);
    }
}
