namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A bare Debian with systemd and PostgreSQL. /mnt has newer.deb, the package, and older.deb, the same as 0.0.9.</summary>
public sealed class PackageMachine : IAsyncLifetime
{
    internal Machine Debian { get; private set; } = null!;

    internal WorkerUnit Unit => new(Debian);

    internal StepLog Steps { get; }

    public PackageMachine() => Steps = new StepLog(() => Unit.LogAsync("-n", "15"));

    public async ValueTask InitializeAsync()
    {
        await Command.NeedPackagesAsync("curl");
        var folder = Directory.CreateTempSubdirectory("pjsip-sync-machine.").FullName;
        var package = await Command.MakePackageAsync();
        File.Copy(package, Path.Combine(folder, "newer.deb"));
        // No older version was released yet that could be upgraded from.
        var tree = Path.Combine(folder, "older");
        await Command.ExpectAsync(["dpkg-deb", "--raw-extract", package, tree]);
        await Command.ExpectAsync(["sed", "-i", "s/^Version: .*/Version: 0.0.9/", Path.Combine(tree, "DEBIAN", "control")]);
        await Command.ExpectAsync(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, Path.Combine(folder, "older.deb")]);
        // The folder of a temporary directory is closed to others, and apt reads packages as another user.
        await Command.ExpectAsync(["chmod", "755", folder]);
        Debian = await Machine.BootAsync("bare", folder);
    }

    /// <summary>Asserts that Asterisk's rows are those of the enabled extensions.</summary>
    internal async Task AssertInSyncAsync() => Assert.Equal("t", await Debian.SqlAsync("""
        select not exists (
          select from (select number, password from extensions where enabled) e
          full join (select id, password from ps_auths) a on a.id = e.number and a.password = e.password
          where e.number is null or a.id is null) and (select count(*) = (select count(*) from ps_endpoints) from extensions where enabled)
        """));

    public ValueTask DisposeAsync() => Debian?.DisposeAsync() ?? ValueTask.CompletedTask;
}
