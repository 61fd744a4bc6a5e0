namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>The worker's systemd unit on a machine.</summary>
internal sealed class WorkerUnit(Machine machine)
{
    private const string Name = "pjsip-sync-worker.service";

    /// <summary>Runs systemctl with the unit as its last argument.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public Task<string> ControlAsync(params string[] arguments) => machine.ExpectAsync(["systemctl", .. arguments, Name]);

    /// <summary>Runs systemctl as <see cref="ControlAsync"/> does.</summary>
    /// <returns>Whether the exit code is 0.</returns>
    public async Task<bool> TryControlAsync(params string[] arguments) =>
        (await machine.RunAsync(["systemctl", .. arguments, Name])).ExitCode == 0;

    /// <summary>Returns a property as <c>systemctl show</c> prints it.</summary>
    public Task<string> PropertyAsync(string name) => ControlAsync("show", "--value", "-p", name);

    /// <summary>Returns the log lines without times.</summary>
    public Task<string> LogAsync(params string[] options) =>
        machine.ExpectAsync(["journalctl", "-u", Name, "--no-pager", "-o", "cat", .. options]);

    public async Task AssertActiveAsync() => Assert.Equal("active", await PropertyAsync("ActiveState"));

    /// <summary>Waits until the unit is active with another process than this one.</summary>
    public Task AssertRestartedAsync(int seconds, string pid) => Eventually.Succeeds(async () =>
    {
        await AssertActiveAsync();
        Assert.DoesNotContain(await PropertyAsync("MainPID"), new[] { pid, "0" });
    }, TimeSpan.FromSeconds(seconds));

    /// <summary>Waits until <c>systemctl status</c> shows a text.</summary>
    public Task AssertStatusAsync(int seconds, string text) => Eventually.Succeeds(async () =>
        Assert.Contains(text, (await machine.RunAsync("systemctl", "status", "--no-pager", Name)).Output,
            StringComparison.Ordinal), TimeSpan.FromSeconds(seconds));
}
