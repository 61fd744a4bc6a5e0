using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Tests.AsteriskConfig;

public sealed class FileWriterTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly IReadOnlyList<RenderedFile> _files = Rendering.Files(Rendering.Complete);

    [Fact]
    public async Task Files_that_hold_a_secret_are_not_for_all_to_read()
    {
        await FileWriter.WriteAsync(_directory.Path, _files, force: false, default);

        Assert.Equal(["manager.conf", "res_odbc.conf"], _files.Where(file => file.IsSecret).Select(file => file.Name));
        foreach (var file in _files)
        {
            Assert.Equal(file.Text, File.ReadAllText(_directory.File(file.Name)));
            Assert.Equal(file.IsSecret ? "rw-r-----" : "rw-r--r--", Mode(_directory.File(file.Name)));
        }
        Assert.Equal(_files.Count, Directory.GetFiles(_directory.Path).Length);
    }

    [Fact]
    public void A_file_holds_a_secret_where_it_says_so()
    {
        Assert.All(_files, file => Assert.Equal(file.IsSecret, file.Text.Contains("the-ami-secret", StringComparison.Ordinal)
            || file.Text.Contains("the-db-password", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_file_in_the_way_and_none_is_written()
    {
        Directory.CreateDirectory(_directory.Path);
        File.WriteAllText(_directory.File("pjsip.conf"), "mine");

        var error = await Assert.ThrowsAsync<FilesExistException>(
            () => FileWriter.WriteAsync(_directory.Path, _files, force: false, default));

        Assert.Contains("pjsip.conf already", error.Message, StringComparison.Ordinal);
        Assert.Equal([_directory.File("pjsip.conf")], Directory.GetFiles(_directory.Path));
        Assert.Equal("mine", File.ReadAllText(_directory.File("pjsip.conf")));
    }

    [Fact]
    public async Task Force_keeps_what_it_replaces()
    {
        Directory.CreateDirectory(_directory.Path);
        File.WriteAllText(_directory.File("pjsip.conf"), "mine");

        await FileWriter.WriteAsync(_directory.Path, _files, force: true, default);

        await FileWriter.WriteAsync(_directory.Path, _files, force: true, default);

        Assert.Equal("mine", File.ReadAllText(_directory.File("pjsip.conf.bak")));
        Assert.Equal(["pjsip.conf", "pjsip.conf.bak", "pjsip.conf.bak1"], Directory.GetFiles(_directory.Path, "pjsip*")
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(_files.Single(file => file.Name == "pjsip.conf").Text, File.ReadAllText(_directory.File("pjsip.conf")));
    }

    [Fact]
    public async Task Failure_in_the_middle_changes_nothing()
    {
        Directory.CreateDirectory(_directory.Path);
        File.WriteAllText(_directory.File("asterisk.conf"), "mine");
        Directory.CreateDirectory(Path.Combine(_directory.File("sorcery.conf"), "in the way"));

        await Assert.ThrowsAnyAsync<Exception>(() => FileWriter.WriteAsync(_directory.Path, _files, force: true, default));

        Assert.Equal([_directory.File("asterisk.conf")], Directory.GetFiles(_directory.Path));
        Assert.Equal("mine", File.ReadAllText(_directory.File("asterisk.conf")));
        Assert.True(Directory.Exists(Path.Combine(_directory.File("sorcery.conf"), "in the way")));
    }

    [Fact]
    public async Task Existing_symbolic_link_is_kept_and_its_target_not_written()
    {
        Directory.CreateDirectory(_directory.Path);
        var elsewhere = Path.Combine(_directory.Parent, "elsewhere");
        File.WriteAllText(elsewhere, "mine");
        File.CreateSymbolicLink(_directory.File("manager.conf"), elsewhere);
        File.CreateSymbolicLink(_directory.File("pjsip.conf"), Path.Combine(_directory.Parent, "nowhere"));

        var error = await Assert.ThrowsAsync<FilesExistException>(
            () => FileWriter.WriteAsync(_directory.Path, _files, force: false, default));
        Assert.Contains("manager.conf, pjsip.conf already", error.Message, StringComparison.Ordinal);
        await FileWriter.WriteAsync(_directory.Path, _files, force: true, default);

        Assert.Equal("mine", File.ReadAllText(elsewhere));
        Assert.Equal(elsewhere, new FileInfo(_directory.File("manager.conf.bak")).LinkTarget);
        Assert.Null(new FileInfo(_directory.File("manager.conf")).LinkTarget);
        Assert.False(File.Exists(Path.Combine(_directory.Parent, "nowhere")));
    }

    private static string Mode(string path)
    {
        var mode = OperatingSystem.IsWindows() ? 0 : (int)File.GetUnixFileMode(path);
        return string.Concat("rwxrwxrwx".Select((letter, at) => (mode & (1 << (8 - at))) != 0 ? letter : '-'));
    }

    public void Dispose() => _directory.Dispose();
}
