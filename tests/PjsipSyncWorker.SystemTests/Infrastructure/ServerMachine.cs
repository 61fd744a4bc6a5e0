
namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A Debian with PostgreSQL and Asterisk as they were installed. The package is in /root, a phone's scenarios in /mnt.</summary>
public sealed class ServerMachine : IAsyncLifetime
{
    public ServerMachine() => Steps = new StepLog(() => Unit.LogAsync("-n", "15"));

    internal Machine Debian { get; private set; } = null!;

    internal WorkerUnit Unit => new(Debian);

    internal StepLog Steps { get; }

    public async ValueTask InitializeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("pjsip-sync-machine.").FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "sip"))
            .Append(await Command.MakePackageAsync()))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        await Command.ExpectAsync(["chmod", "755", folder]);
        Debian = await Machine.BootAsync("asterisk", folder);
        await Debian.ShellAsync("cp /mnt/*.deb /root/");
    }

    /// <summary>Runs a command of the worker as the service's own user, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    internal Task<string> WorkerAsync(params string[] arguments) =>
        Debian.ExpectAsync(["runuser", "-u", "pjsip_sync", "--", "pjsip-sync-worker", .. arguments]);

    /// <returns>Whether Asterisk accepted a phone 1001 with this password.</returns>
    internal async Task<bool> RegisterAsync(string password) =>
        (await Debian.RunAsync(["env", "--chdir=/tmp", "sipp", .. SipPhone.Register("/mnt/register.xml", password)])).ExitCode == 0;

    public ValueTask DisposeAsync() => Debian?.DisposeAsync() ?? ValueTask.CompletedTask;
}
