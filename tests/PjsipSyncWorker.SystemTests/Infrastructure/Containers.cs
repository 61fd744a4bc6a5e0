namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>
/// A checkout of what is here now, its compose.yaml in a Docker engine of its own. In it a stuck worker is noticed within seconds, and
/// Asterisk does not ask a phone that registered and went whether the phone is still there.
/// </summary>
public sealed class Containers(DockerEngine engine) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pjsip-sync-docker.").FullName;

    private StepLog? _steps;

    internal DockerEngine Engine => engine;

    internal StepLog Steps => _steps ??= new StepLog(DescribeAsync);

    internal string Checkout => Path.Combine(_folder, "pjsip-sync-worker");

    /// <summary>The folder with the scenarios of a phone in the tree of Asterisk.</summary>
    private string Phones => Path.GetFileName(_folder);

    public async ValueTask InitializeAsync()
    {
        await Command.NeedPackagesAsync("curl", "util-linux");
        await Command.ExpectAsync([Repository.Script("checkout.sh"), Checkout]);
        await File.WriteAllTextAsync(Path.Combine(Checkout, "compose.override.yaml"), """
            services:
              worker:
                healthcheck: { interval: 1s, timeout: 2s, retries: 2 }
                environment: { Realtime__Defaults__QualifyFrequency: "0" }

            """);
        await Command.ExpectAsync([Repository.Script("asterisk.sh"), "phones", Phones]);
    }

    /// <summary>Runs lines of bash in the checkout, as a client of the engine.</summary>
    /// <exception cref="CommandFailedException">One of them failed.</exception>
    internal Task<CommandResult> ShellAsync(string script) => Command.ExpectAsync(
        engine.AsClient("env", $"--chdir={Checkout}", "bash", "-euo", "pipefail", "-c", script), limit: TimeSpan.FromMinutes(15));

    /// <summary>Runs docker compose in the checkout, and returns how it ended.</summary>
    internal Task<CommandResult> ComposeAsync(params string[] arguments) =>
        Command.RunAsync(engine.AsClient(["env", $"--chdir={Checkout}", "docker", "compose", .. arguments]));

    /// <summary>Runs docker compose in the checkout, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    internal async Task<string> ExpectAsync(params string[] arguments) =>
        (await Command.ExpectAsync(engine.AsClient(["env", $"--chdir={Checkout}", "docker", "compose", .. arguments]))).Text;

    /// <summary>Runs a command of the worker in its container.</summary>
    internal Task<CommandResult> WorkerAsync(params string[] arguments) =>
        ComposeAsync(["exec", "worker", "pjsip-sync-worker", .. arguments]);

    /// <summary>Runs SQL in the database pbx as its superuser, and returns the rows, unaligned and without a header.</summary>
    internal Task<string> SqlAsync(string sql) =>
        ExpectAsync("exec", "-e", "PGOPTIONS=-csearch_path=public,asterisk", "postgres", "psql", "-X", "-q", "-A", "-t",
            "-U", "postgres", "pbx", "-c", sql);

    internal Task<string> ContainerAsync(string service) => ExpectAsync("ps", "-q", service);

    /// <summary>Returns a field of what docker inspect says of a container's state.</summary>
    internal async Task<string> StateAsync(string service, string field) =>
        await engine.DockerAsync("inspect", "-f", $"{{{{.State.{field}}}}}", await ContainerAsync(service));

    internal Task AssertHealthAsync(int seconds, string service, string health = "healthy") =>
        Eventually.Equal(health, () => StateAsync(service, "Health.Status"), TimeSpan.FromSeconds(seconds));

    /// <summary>Sends a signal as the kernel does. Docker would take a signal of its own for its own wish.</summary>
    internal async Task SignalAsync(string signal) => await engine.WithinAsync("kill", "-s", signal, await StateAsync("worker", "Pid"));

    /// <returns>Whether Asterisk accepted a phone 1001 with this password.</returns>
    internal async Task<bool> RegisterAsync(string password) => (await engine.BesideAsync(
        [Repository.Script("asterisk.sh"), "sipp", Phones, .. SipPhone.Register("register.xml", password)])).ExitCode == 0;

    /// <summary>Waits until phone 1001 is online after its registration.</summary>
    internal async Task AssertRegistersAsync()
    {
        Assert.True(await RegisterAsync(await SqlAsync("select password from extensions where number = '1001'")));
        await Eventually.Equal("online", () => SqlAsync("select status from extensions where number = '1001'"), TimeSpan.FromSeconds(10));
    }

    internal Task AssertEndpointsAsync(int seconds, string count) =>
        Eventually.Equal(count, () => SqlAsync("select count(*) from ps_endpoints"), TimeSpan.FromSeconds(seconds));

    /// <summary>Returns a value of the file .env, which only root may read.</summary>
    internal async Task<string> SecretAsync(string name) =>
        (await Command.ExpectAsync(Command.AsRoot("sed", "-n", $"s/^{name}=//p", Path.Combine(Checkout, ".env")))).Text;

    /// <summary>Writes a file into the folder beside the checkout, and returns its path.</summary>
    internal async Task<string> WriteAsync(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(file, text);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        if (ScriptServer.Keep)
            return;
        await ComposeAsync("down", "-v");
        await Command.ExpectAsync([Repository.Script("asterisk.sh"), "remove", Phones]);
        await Command.ExpectAsync(Command.AsRoot("rm", "-rf", _folder));
    }

    private async Task<string> DescribeAsync() =>
        await engine.DockerAsync("ps", "-a", "--format", "{{.Names}}: {{.Status}}") + "\n"
        + (await ComposeAsync("logs", "--tail", "20", "postgres", "init", "worker")).All;
}
