using System.Text.RegularExpressions;

namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A Docker engine of its own, by scripts/engine.sh, with the base images of the Dockerfile and of compose.yaml.</summary>
public sealed partial class DockerEngine : IAsyncLifetime
{
    /// <summary>The collection of the classes that share one engine and run one after the other.</summary>
    internal const string Collection = "Docker engine";

    private readonly string _folder = Directory.CreateTempSubdirectory("pjsip-sync-engine.").FullName;
    private ScriptServer _server = null!;

    /// <summary>The image of PostgreSQL in compose.yaml.</summary>
    internal static string PostgresImage { get; } = ImageLine().Match(Document.Read("compose.yaml")).Groups[1].Value;

    private string Leader => _server.Values["leader"];

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptServer.StartAsync("engine.sh", "start", _folder);
        await Command.ExpectAsync(AsClient(Repository.Script("base-images.sh")), limit: TimeSpan.FromMinutes(15));
    }

    /// <summary>Returns the command with the environment of a client of the engine, as root.</summary>
    internal string[] AsClient(params string[] command) => Command.AsRoot(
        ["env", .. _server.Values.Where(value => char.IsUpper(value.Key[0])).Select(value => $"{value.Key}={value.Value}"), .. command]);

    /// <summary>Runs docker, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    internal async Task<string> DockerAsync(params string[] arguments) =>
        (await Command.ExpectAsync(AsClient(["docker", .. arguments]))).Text;

    /// <summary>Runs a command of this machine, as a client of the engine, where the engine's published ports are.</summary>
    /// <param name="limit">How long it may take; null: two minutes.</param>
    internal Task<CommandResult> BesideAsync(string[] command, TimeSpan? limit = null) =>
        Command.RunAsync(AsClient([Repository.Script("engine.sh"), "beside", Leader, .. command]), limit: limit);

    /// <summary>Runs a command of this machine among the processes and mounts of the engine, and returns its standard output.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    internal async Task<string> WithinAsync(params string[] command) =>
        (await Command.ExpectAsync([Repository.Script("engine.sh"), "within", Leader, .. command])).Text;

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
            return;
        await _server.DisposeAsync();
        if (ScriptServer.Keep)
            await Console.Error.WriteLineAsync(
                $"Left running: DOCKER_HOST={_server.Values["DOCKER_HOST"]}; kill -KILL {Leader} {_server.Values["network"]} ends it");
        else
            await Command.ExpectAsync(Command.AsRoot("rm", "-rf", _folder));
    }

    [GeneratedRegex("^ *image: (postgres:.*)$", RegexOptions.Multiline)]
    private static partial Regex ImageLine();

    [CollectionDefinition(Collection)]
    public sealed class Definition : ICollectionFixture<DockerEngine>;
}
