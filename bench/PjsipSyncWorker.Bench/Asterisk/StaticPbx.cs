using Microsoft.Extensions.Logging.Abstractions;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Nodes;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>
/// The baseline: an Asterisk with the same phones and the same dialplan in static files, contacts in astdb, no database and no
/// worker.
/// </summary>
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

    /// <summary>
    /// A manager session that wants the events that a worker wants, until it is disposed of: what any program costs that follows
    /// Asterisk.
    /// </summary>
    public async Task<IAsyncDisposable> ListenAsync() => await AmiConnection.ConnectAsync(
        new AmiOptions { Host = "127.0.0.1", Port = Asterisk.AmiPort, Username = "pjsip-sync",
            Secret = AsteriskFiles.AmiSecret, Events = ContactEventHandler.Events },
        new Deaf(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private sealed class Deaf : IAmiEventHandler
    {
        void IAmiEventHandler.OnEvent(in AmiMessage message)
        {
            // It costs Asterisk the same whatever is done with it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Asterisk.DisposeAsync();
        _files.Dispose();
    }
}
