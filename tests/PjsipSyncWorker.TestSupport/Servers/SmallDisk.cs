namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A file system of a few megabytes, in memory.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string _mount = Path.Combine(Path.GetTempPath(), $"pjsip-sync-disk-{Guid.NewGuid():N}");

    /// <summary>A folder on it that belongs to the server.</summary>
    public string Folder => Path.Combine(_mount, "space");

    public static async Task<SmallDisk> CreateAsync(int megabytes)
    {
        var disk = new SmallDisk();
        Directory.CreateDirectory(disk._mount);
        await AsRootAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "none", disk._mount);
        await AsRootAsync("install", "-d", "-o", Environment.IsPrivilegedProcess ? "postgres" : Environment.UserName, "-m", "700",
            disk.Folder);
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await AsRootAsync("umount", "-l", _mount);
        Directory.Delete(_mount);
    }

    private static Task<string> AsRootAsync(params string[] command) => Environment.IsPrivilegedProcess
        ? Repository.ExpectAsync(command[0], command[1..], Limit)
        : Repository.ExpectAsync("sudo", ["-n", .. command], Limit);
}
