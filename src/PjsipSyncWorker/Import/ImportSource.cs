using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>Reads what the argument of <c>import</c> names.</summary>
internal static class ImportSource
{
    private const string ConfName = "pjsip.conf";
    private const string WizardName = "pjsip_wizard.conf";

    /// <summary>Reads a file, or the files of a configuration directory.</summary>
    /// <exception cref="ImportException">The source is not there, cannot be read, or is of no kind that is known.</exception>
    public static PjsipInventory Read(string path)
    {
        try
        {
            return Directory.Exists(path) ? ReadDirectory(path)
                : File.Exists(path) ? ReadConf(path, [path])
                : throw new ImportException($"{path} is not there: name a pjsip.conf, or the directory that has it (/etc/asterisk)");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImportException($"{path} cannot be read: {error.Message}");
        }
    }

    private static PjsipInventory ReadDirectory(string directory)
    {
        var files = new[] { ConfName, WizardName }.Select(name => Path.Combine(directory, name)).Where(File.Exists).ToList();
        return files.Count > 0 ? ReadConf(directory, files)
            : throw new ImportException($"{directory} has no {ConfName} and no {WizardName}: name the file that has the phones");
    }

    private static PjsipInventory ReadConf(string source, List<string> paths)
    {
        var inventory = new PjsipInventory(source);
        foreach (var path in paths)
        {
            var file = ConfReader.ReadFile(path, isIni: false);
            if (paths.Count == 1 && !PjsipConfSource.Recognizes(file) && file.Problems.Count == 0)
                throw new ImportException($"{path} has no section with type = endpoint, auth, aor or wizard: it is no pjsip.conf");
            inventory.Problems.AddRange(file.Problems.Select(problem => $"{Path.GetFileName(path)}: {problem}"));
            inventory.Notes.AddRange(file.Warnings);
            PjsipConfSource.Add(file, inventory);
        }
        return inventory;
    }
}
