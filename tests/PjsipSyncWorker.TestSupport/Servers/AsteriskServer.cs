namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A real Asterisk 22 that reads one test's database, run by <c>scripts/asterisk.sh</c>.</summary>
internal sealed class AsteriskServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public string Name { get; } = $"t{Guid.NewGuid():N}"[..12];

    public int SipPort { get; } = Ports.Next();

    public int AmiPort { get; } = Ports.Next();

    public string AmiSecret { get; } = Guid.NewGuid().ToString("N");

    public static async Task<AsteriskServer> StartAsync(string connectionString, params string[] settings)
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        var asterisk = new AsteriskServer();
        await ScriptAsync(["start", asterisk.Name,
            $"DatabaseHost={database.Host}", $"DatabasePort={database.Port}", $"DatabaseName={database.Database}",
            $"DatabaseUser={database.Username}",
            $"DatabasePassword={database.Password}", $"SipPort={asterisk.SipPort}", $"AmiPort={asterisk.AmiPort}",
                $"AmiSecret={asterisk.AmiSecret}", .. settings]);
        return asterisk;
    }

    /// <summary>Starts with the files of render-config, laid over those of the distribution.</summary>
    public Task StartFromAsync(params string[] folders) => ScriptAsync(["start", Name, .. folders]);

    /// <summary>Returns the path of a configuration file as this server sees it.</summary>
    public string ConfigurationPath(string file) => $"/srv/{Name}/etc/{file}";

    /// <summary>Returns the worker's settings for this node.</summary>
    public IEnumerable<string> WorkerSettings(int index = 0) =>
    [
        $"Asterisk__Nodes__{index}__Name=pbx{index + 1}", $"Asterisk__Nodes__{index}__Port={AmiPort}",
        $"Asterisk__Nodes__{index}__Secret={AmiSecret}",
    ];

    public Task BootAsync() => ScriptAsync(["boot", Name]);

    public Task StopAsync() => ScriptAsync(["stop", Name]);

    public Task KillAsync() => ScriptAsync(["kill", Name]);

    public async Task RestartAsync()
    {
        await StopAsync();
        await BootAsync();
    }

    public Task<string> CliAsync(string command) => ScriptAsync(["cli", Name, command]);

    /// <summary>Runs commands of a document on the machine of this server, also before its start. Its folder is /etc/asterisk.</summary>
    public Task<string> ShellAsync(string commands) => ScriptAsync(["shell", Name, commands]);

    /// <summary>Restores the original configuration, then edits each file by a sed script. Nothing is reloaded.</summary>
    public async Task EditAsync(params (string File, string Sed)[] edits)
    {
        const string original = """
            . "$0"; folder=$asterisk_tree/srv/$1
            [ -d "$folder/etc.made" ] || as_root cp -a "$folder/etc" "$folder/etc.made"
            as_root cp -a "$folder/etc.made/." "$folder/etc/"
            """;
        await Repository.ExpectAsync("bash", ["-c", original, Repository.Script("lib.sh"), Name], Limit);
        foreach (var (file, sed) in edits)
            await Repository.ExpectAsync("bash", ["-c", ". \"$0\"; as_root sed -i -e \"$3\" \"$asterisk_tree/srv/$1/etc/$2\"",
                Repository.Script("lib.sh"), Name, file, sed], Limit);
    }

    /// <summary>Returns the paths of the files below the folder of this server.</summary>
    public async Task<string[]> FilesAsync() => (await ScriptAsync(["files", Name])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Task<string> ReadAsync(string file) => ScriptAsync(["read", Name, file]);

    /// <summary>Replaces a file below the folder of this server. Nothing is reloaded.</summary>
    public Task WriteAsync(string file, string text) =>
        Command.ExpectAsync([Repository.Script("asterisk.sh"), "write", Name, file], input: text, limit: Limit);

    public async ValueTask DisposeAsync() => await ScriptAsync(["remove", Name]);

    private static Task<string> ScriptAsync(IEnumerable<string> arguments) =>
        Repository.ExpectAsync(Repository.Script("asterisk.sh"), arguments, Limit);
}
