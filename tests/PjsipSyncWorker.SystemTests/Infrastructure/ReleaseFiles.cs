namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>The files of a release without images, of the worker that is built already.</summary>
public sealed class ReleaseFiles : IAsyncLifetime
{
    /// <summary>A folder for more of them, which is deleted at the end.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("pjsip-sync-release.").FullName;

    internal string First => Path.Combine(Folder, "first");

    /// <summary>How the script ended.</summary>
    internal CommandResult Made { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Made = await MakeAsync(First);

    internal static Task<CommandResult> MakeAsync(string folder) => Command.RunAsync(
        [Repository.Script("release.sh"), "--built", folder], limit: TimeSpan.FromMinutes(10),
        environment: new Dictionary<string, string> { ["DOCKER_HOST"] = "unix:///nowhere/docker.sock" });

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
