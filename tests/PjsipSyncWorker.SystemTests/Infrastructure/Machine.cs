namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A Debian that was booted from a tree with systemd as a machine of its own, by scripts/machine.sh.</summary>
internal sealed class Machine : IAsyncDisposable
{
    private readonly ScriptServer _server;
    private readonly string _folder;

    private Machine(ScriptServer server, string folder) => (_server, _folder) = (server, folder);

    private string Leader => _server.Values["leader"];

    /// <param name="tree">bare (systemd and PostgreSQL, no network), or a release of Debian (systemd alone, a network).</param>
    /// <param name="folder">Its /mnt, which is deleted with the machine.</param>
    public static async Task<Machine> BootAsync(string tree, string folder) =>
        new(await ScriptServer.StartAsync("machine.sh", "boot", tree, folder), folder);

    /// <summary>Runs a command inside as root, and returns how it ended.</summary>
    public Task<CommandResult> RunAsync(params string[] command) =>
        Command.RunAsync([Repository.Script("machine.sh"), "run", Leader, .. command]);

    /// <summary>Runs a command inside as root, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public async Task<string> ExpectAsync(params string[] command) =>
        (await Command.ExpectAsync([Repository.Script("machine.sh"), "run", Leader, .. command])).Text;

    /// <summary>Runs lines of bash inside, as root in /root, for ten minutes at most, and returns what they print.</summary>
    /// <exception cref="CommandFailedException">One of them failed.</exception>
    public async Task<string> ShellAsync(string script) => (await Command.ExpectAsync(
        [
            Repository.Script("machine.sh"), "run", Leader,
            "env", "--chdir=/root", "DEBIAN_FRONTEND=noninteractive", "bash", "-euo", "pipefail", "-c", script,
        ],
        limit: TimeSpan.FromMinutes(10))).Text;

    /// <summary>Runs a command of this machine in the network of the other, and returns how it ended.</summary>
    public Task<CommandResult> BesideAsync(params string[] command) =>
        Command.RunAsync([Repository.Script("machine.sh"), "beside", Leader, .. command]);

    /// <summary>Runs SQL in the database pbx as its superuser.</summary>
    /// <returns>The rows, unaligned and without a header.</returns>
    public Task<string> SqlAsync(string sql) =>
        ExpectAsync("runuser", "-u", "postgres", "--", "env", "PGOPTIONS=-csearch_path=public,asterisk", "psql", "-X", "-q", "-A", "-t",
            "-d", "pbx", "-c", sql);

    /// <summary>Writes a file inside, with the owner and mode that it has already.</summary>
    public Task WriteAsync(string file, string text) =>
        Command.ExpectAsync([Repository.Script("machine.sh"), "run", Leader, "tee", file], text);

    /// <summary>Returns what the worker's own HTTP server answers, whatever the status code.</summary>
    public async Task<string> GetAsync(string path) => (await Command.ExpectAsync(
        [Repository.Script("machine.sh"), "beside", Leader, "curl", "-s", "--max-time", "5", $"http://localhost:9464{path}"])).Text;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (ScriptServer.Keep)
            await Console.Error.WriteLineAsync(
                $"Left running: scripts/machine.sh run {Leader} bash; scripts/machine.sh halt {Leader} ends it");
        else
            Directory.Delete(_folder, recursive: true);
    }
}
