namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>The baseline: an Asterisk with the same phones and the same dialplan in static files, contacts in astdb, no database and no worker.</summary>
internal sealed class StaticPbx : IAsyncDisposable
{
    private readonly AsteriskFiles _files;

    private StaticPbx(RealAsterisk asterisk, AsteriskFiles files) => (Asterisk, _files) = (asterisk, files);

    public RealAsterisk Asterisk { get; }

    /// <param name="like">Whose phones it gets.</param>
    public static async Task<StaticPbx> StartAsync(Pbx like)
    {
        var asterisk = new RealAsterisk();
        var files = await AsteriskFiles.RenderAsync(like.Database, asterisk, "astdb");
        await files.WriteStaticAsync();
        await asterisk.StartAsync(files.Rendered, files.Static);
        return new StaticPbx(asterisk, files);
    }

    public async ValueTask DisposeAsync()
    {
        await Asterisk.DisposeAsync();
        _files.Dispose();
    }
}
