using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>One Asterisk-side file of this installation.</summary>
/// <param name="IsSecret">It holds a password: nobody but root and the group asterisk may read it.</param>
internal sealed record RenderedFile(string Name, string Text, bool IsSecret)
{
    public bool IsIni => IsIniName(Name);

    public static bool IsIniName(string name) => name.EndsWith(".ini", StringComparison.Ordinal);

    /// <summary>All files that a node needs.</summary>
    /// <exception cref="SettingsException">Something needed is not configured, or cannot stand in a file.</exception>
    public static IReadOnlyList<RenderedFile> All(RenderValues values)
    {
        var problems = new List<string>();
        var files = new List<RenderedFile>();
        string[] names =
        [
            "asterisk.conf", "extconfig.conf", "extensions.conf", .. values.NeedsHttp ? ["http.conf"] : Array.Empty<string>(), "manager.conf",
            "modules.conf", "odbc.ini", "odbcinst.ini", "pjsip.conf", "res_odbc.conf", "sorcery.conf", "voicemail.conf",
        ];
        foreach (var name in names)
            try
            {
                files.Add(new RenderedFile(name, Template.Fill(Template.Load(name), IsIniName(name), values.Marks), name is "manager.conf" or "res_odbc.conf"));
            }
            catch (UnwritableValueException error)
            {
                problems.Add(error.Message);
            }
        return problems.Count == 0 ? files : throw new SettingsException([.. problems.Distinct()]);
    }
}
