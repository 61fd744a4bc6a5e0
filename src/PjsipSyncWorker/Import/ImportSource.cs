using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>Reads the files that the argument of <c>import</c> names, and finds out by their content what they are.</summary>
internal static class ImportSource
{
    /// <summary>The files of a configuration directory that have phones, in the order in which one is looked for.</summary>
    private static readonly string[][] Files = [["pjsip.conf", "pjsip_wizard.conf"], ["sip.conf"]];

    /// <summary>Reads a file, or the files of a configuration directory.</summary>
    /// <exception cref="ImportException">The source is not there, cannot be read, or is of no kind that is known.</exception>
    public static PjsipInventory Read(string path)
    {
        try
        {
            return Directory.Exists(path) ? ReadDirectory(path)
                : File.Exists(path) ? ReadFile(path)
                : throw new ImportException($"{path} is not there: name a pjsip.conf, sip.conf, a dump or CSV file of FreePBX, "
                    + $"a directory such as /etc/asterisk, or {RealtimeSource.Name}");
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ImportException($"{error.Message} Run import as root, or as a user who may read it");
        }
        catch (IOException error)
        {
            throw new ImportException($"{path} cannot be read: {error.Message}");
        }
    }

    private static PjsipInventory ReadDirectory(string directory)
    {
        foreach (var names in Files)
        {
            var inventory = new PjsipInventory(directory);
            foreach (var path in names.Select(name => Path.Combine(directory, name)).Where(File.Exists))
                AddConf(path, inventory);
            if (inventory.Endpoints.Count > 0 || inventory.Problems.Count > 0)
                return inventory;
        }
        throw new ImportException($"{directory} has no phones in {string.Join(", ", Files.SelectMany(names => names))}: "
            + "name the file that has them");
    }

    private static PjsipInventory ReadFile(string path)
    {
        var inventory = new PjsipInventory(path);
        var text = ConfText.Read(path, out var isLatin1);
        if (MysqlDump.Recognizes(text))
            FreePbxSource.AddDump(text, inventory);
        else if (IsCsv(text))
            FreePbxSource.AddCsv(text, inventory);
        else if (!AddConf(path, inventory))
        {
            throw new ImportException($"{path} has no phones: it has no section with a type of pjsip.conf or sip.conf, "
                + "and is no dump (mysqldump) and no CSV file of FreePBX");
        }
        else
            return inventory;
        if (isLatin1)
            inventory.Notes.Add($"{Path.GetFileName(path)} is not written in UTF-8, and was read as Latin-1");
        return inventory;
    }

    /// <summary>Returns whether the first line names columns.</summary>
    private static bool IsCsv(string text)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var names = (end < 0 ? text : text[..end]).Split(',').Select(name => name.Trim(' ', '"', '\r')).ToList();
        return names.Count > 1 && names.Contains("extension", StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Adds the phones of a file of Asterisk. Returns whether the file was understood.</summary>
    private static bool AddConf(string path, PjsipInventory inventory)
    {
        var file = ConfReader.ReadFile(path, isIni: false);
        inventory.Problems.AddRange(file.Problems.Select(problem => $"{Path.GetFileName(path)}: {problem}"));
        inventory.Notes.AddRange(file.Warnings);
        if (PjsipConfSource.Recognizes(file))
            PjsipConfSource.Add(file, inventory);
        else if (SipConfSource.Recognizes(file))
            SipConfSource.Add(file, inventory);
        else
            return file.Problems.Count > 0;
        return true;
    }
}
