using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Tests.Diagnostics;

public sealed class NearestNameTests
{
    private static readonly string[] Known = ["run", "init", "status", "verify-config", "render-config", "--dry-run", "-h"];

    [Theory]
    [InlineData("statsu", "status")]
    [InlineData("STATUS", "status")]
    [InlineData("sttus", "status")]
    [InlineData("verify", "verify-config")]
    [InlineData("ren", "render-config")]
    [InlineData("re", null)]
    [InlineData("rum", "run")]
    [InlineData("--dryrun", "--dry-run")]
    [InlineData("--dry", "--dry-run")]
    [InlineData("-x", null)]
    [InlineData("", null)]
    [InlineData("bogus", null)]
    public void Few_slips_or_the_beginning_of_one_name_are_near(string unknown, string? expected) =>
        Assert.Equal(expected, NearestName.Of(unknown, Known));
}
