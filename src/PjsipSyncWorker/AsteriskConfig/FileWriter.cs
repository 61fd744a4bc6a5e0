using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>Writes a set of files: all of them or none, each in one step. Replaces a file only when told to.</summary>
internal static class FileWriter
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private const UnixFileMode Readable = Secret | UnixFileMode.OtherRead;

    /// <summary>Writes the files into a directory, which is made if it is missing.</summary>
    /// <param name="force">Whether to replace existing files. Each is kept as NAME.bak, the next one as NAME.bak1.</param>
    /// <exception cref="FilesExistException">Files exist and <paramref name="force"/> is false. Nothing was written.</exception>
    /// <exception cref="IOException">A file could not be written. The directory is as it was.</exception>
    public static async Task WriteAsync(string directory, IReadOnlyList<RenderedFile> files, bool force, CancellationToken cancellation)
    {
        var existing = files.Where(file => Exists(Path.Combine(directory, file.Name))).Select(file => file.Name).ToList();
        if (existing.Count > 0 && !force)
            throw new FilesExistException(directory, existing);

        Directory.CreateDirectory(directory);
        var written = new List<(string Temporary, string Final)>();
        var done = new Stack<(string Final, string? Kept)>();
        try
        {
            foreach (var file in files)
            {
                var temporary = Path.Combine(directory, $".{file.Name}.{Guid.NewGuid():N}");
                written.Add((temporary, Path.Combine(directory, file.Name)));
                await CreateAsync(temporary, file, cancellation);
            }
            await GiveToAsteriskAsync([.. written.Select(file => file.Temporary)], cancellation);
            foreach (var (temporary, final) in written)
            {
                var kept = Exists(final) ? FreeName($"{final}.bak") : null;
                if (kept is not null)
                    File.Move(final, kept);
                done.Push((final, kept));
                File.Move(temporary, final, overwrite: false);
            }
        }
        catch
        {
            foreach (var (final, kept) in done)
                PutBack(final, kept);
            foreach (var (temporary, _) in written)
                File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Creates a file with its final mode, so that a secret is never readable for all, not even for a moment.</summary>
    private static async Task CreateAsync(string path, RenderedFile file, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Mode(file);
        await using var stream = new FileStream(path, options);
        // A strict umask may have removed the group's right to read. By the handle, because another file may have the path by now.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(stream.SafeFileHandle, Mode(file));
        await stream.WriteAsync(Encoding.UTF8.GetBytes(file.Text), cancellation);
        stream.Flush(flushToDisk: true);
    }

    private static UnixFileMode Mode(RenderedFile file) => file.IsSecret ? Secret : Readable;

    /// <summary>
    /// Gives the files to the group asterisk, if there is one and this process is root, so that Asterisk can read secrets.
    /// </summary>
    private static async Task GiveToAsteriskAsync(string[] paths, CancellationToken cancellation)
    {
        const string groups = "/etc/group";
        if (!Environment.IsPrivilegedProcess || !File.Exists(groups)
            || !File.ReadLines(groups).Any(line => line.StartsWith("asterisk:", StringComparison.Ordinal)))
        {
            return;
        }
        using var chgrp = Process.Start("chgrp", ["--no-dereference", "asterisk", "--", .. paths]);
        await chgrp.WaitForExitAsync(cancellation);
        if (chgrp.ExitCode != 0)
            throw new IOException("the files could not be given to the group asterisk");
    }

    private static void PutBack(string final, string? kept)
    {
        if (kept is null)
            File.Delete(final);
        else
            File.Move(kept, final, overwrite: true);
    }

    /// <summary>A name that no file has: the given one, or that with a number. Earlier backups are never replaced.</summary>
    private static string FreeName(string name)
    {
        var free = name;
        for (var number = 1; Exists(free); number++)
            free = $"{name}{number.ToString(CultureInfo.InvariantCulture)}";
        return free;
    }

    private static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;
}

/// <summary>Files exist that would have to be replaced.</summary>
internal sealed class FilesExistException(string directory, IReadOnlyList<string> names)
    : Exception(
        $"{directory} has {string.Join(", ", names)} already. "
        + "Nothing was written; --force replaces them and keeps each as NAME.bak");
