using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.AsteriskConfig;

/// <summary>One of Asterisk's files for this installation.</summary>
/// <param name="IsSecret">Whether it holds a password. Only root and the group asterisk may read such a file.</param>
internal sealed record RenderedFile(string Name, string Text, bool IsSecret)
{
    /// <summary>Whether the file is one of unixODBC's.</summary>
    public bool IsIni => IsIniName(Name);

    /// <summary>Whether a file of this name is one of unixODBC's.</summary>
    public static bool IsIniName(string name) => name.EndsWith(".ini", StringComparison.Ordinal);

    /// <summary>All files that a node needs, by name.</summary>
    /// <exception cref="SettingsException">A needed setting is not configured, or a file cannot hold its value.</exception>
    public static IReadOnlyList<RenderedFile> All(RenderValues values)
    {
        var problems = new List<string>();
        var files = new List<RenderedFile>();
        string[] names =
        [
            "asterisk.conf", "extconfig.conf", "extensions.conf", .. values.NeedsHttp ? ["http.conf"] : Array.Empty<string>(),
            "manager.conf", "modules.conf", "odbc.ini", "odbcinst.ini", "pjsip.conf", "res_odbc.conf",
            .. values.NeedsRtp ? ["rtp.conf"] : Array.Empty<string>(), "sorcery.conf", "voicemail.conf",
        ];
        foreach (var name in names)
        {
            try
            {
                var text = Template.Fill(Template.Load(name), IsIniName(name), values.ByKey);
                files.Add(new RenderedFile(name, text, IsSecret: name is "manager.conf" or "res_odbc.conf" or "rtp.conf"));
            }
            catch (UnwritableValueException error)
            {
                problems.Add(error.Message);
            }
        }
        return problems.Count == 0 ? files : throw new SettingsException([.. problems.Distinct()]);
    }
}
