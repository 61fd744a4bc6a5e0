
namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>
/// A release of Debian with systemd and nothing else, and a network to install from. The package is in /root, beside packages of Asterisk
/// when <c>PJSIP_SYNC_TEST_ASTERISK</c> names a folder of them.
/// </summary>
public sealed class ServerMachine : IAsyncLifetime
{
    /// <summary>The folder of packages of Asterisk; null: Asterisk comes from the mirror.</summary>
    private static readonly string? AsteriskPackages = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_ASTERISK");

    private readonly string _folder = Directory.CreateTempSubdirectory("pjsip-sync-machine.").FullName;

    public ServerMachine() => Steps = new StepLog(() => Unit.LogAsync("-n", "15"));

    internal Machine Debian { get; private set; } = null!;

    internal WorkerUnit Unit => new(Debian);

    internal StepLog Steps { get; }

    /// <summary>The release of Debian: <c>PJSIP_SYNC_TEST_RELEASE</c>, or the stable one.</summary>
    internal static string Release { get; } = Environment.GetEnvironmentVariable("PJSIP_SYNC_TEST_RELEASE") ?? "trixie";

    /// <summary>Whether Asterisk is taken from the release after this one, because this one has none and no packages are given.</summary>
    internal static bool AsteriskIsOfNextRelease => Release == "trixie" && AsteriskPackages is null;

    /// <summary>The folder with the scenarios of a phone in the tree of Asterisk.</summary>
    private string Phones => Path.GetFileName(_folder);

    public async ValueTask InitializeAsync()
    {
        string[] packages = AsteriskPackages is null ? [] : Directory.GetFiles(AsteriskPackages, "*.deb");
        foreach (var file in packages.Append(await Command.MakePackageAsync()))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        await Command.ExpectAsync(["chmod", "755", _folder]);
        await Command.ExpectAsync([Repository.Script("asterisk.sh"), "phones", Phones]);
        Debian = await Machine.BootAsync(Release, _folder);
        await Debian.ShellAsync("cp /mnt/*.deb /root/");
    }

    /// <summary>Runs a command of the worker as root, who becomes the service's own user, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    internal Task<string> WorkerAsync(params string[] arguments) =>
        Debian.ExpectAsync(["pjsip-sync-worker", .. arguments]);

    /// <returns>Whether Asterisk accepted a phone 1001 with this password.</returns>
    internal async Task<bool> RegisterAsync(string password) =>
        (await Debian.BesideAsync(
            [Repository.Script("asterisk.sh"), "sipp", Phones, .. SipPhone.Register("register.xml", password)])).ExitCode == 0;

    public async ValueTask DisposeAsync()
    {
        if (Debian is not null)
            await Debian.DisposeAsync();
        if (!ScriptServer.Keep)
            await Command.ExpectAsync([Repository.Script("asterisk.sh"), "remove", Phones]);
    }
}
