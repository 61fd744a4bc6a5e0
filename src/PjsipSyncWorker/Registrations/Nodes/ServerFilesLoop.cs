using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Announcements;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Keeps <c>pjsip_sync.reserved_name</c> equal to the names of the PJSIP objects in the files of one Asterisk. Each pass opens a connection
/// of its own: a file of thousands of sections is more than one answer can hold, and such an answer ends its connection.
/// </summary>
/// <param name="carrier">The carrier's endpoint (<c>Asterisk:Render:CarrierEndpoint</c>), which no extension may be.</param>
internal sealed partial class ServerFilesLoop(
    NodeSettings node, string carrier, NpgsqlDataSource dataSource, NodeState state, IAmiEventHandler handler, TimeProvider time,
    ILogger<ServerFilesLoop> logger)
{
    /// <summary>How often the files are read when no reload indicates a change.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan DatabaseRetry = TimeSpan.FromMilliseconds(250);

    private readonly ReservedNumbers _reserved = new(dataSource, node.Name);

    /// <summary>Reads the files at each wake-up, until cancelled.</summary>
    /// <param name="expirer">Makes Asterisk forget cached objects whose name was added to or removed from a file.</param>
    public async Task RunAsync(CacheExpirer expirer, CancellationToken cancellation)
    {
        while (true)
        {
            await state.FilesMayDiffer.WaitAsync(Interval, time, cancellation);
            try
            {
                await using var connection = await NodeAccess.ConnectAsync(node, ResponseTimeout, Interval, time, cancellation, handler);
                var names = await new ServerFiles(connection).NamesAsync(cancellation);
                // The dialplan sends outside and emergency calls to the carrier's name, also while no file has the carrier yet.
                names.TryAdd(carrier, "pjsip_custom.conf (Asterisk:Render:CarrierEndpoint)");
                foreach (var name in await _reserved.ReplaceAsync(names, cancellation))
                    await expirer.ExpireAsync(name, cancellation);
            }
            catch (Exception error) when (error is AmiException or AsteriskRefusalException)
            {
                Log.FilesNotRead(logger, node.Name, UntrustedText.Escape(error.Message));
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                state.FilesMayDiffer.Set();
                await Task.Delay(DatabaseRetry, time, cancellation);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.PjsipFilesNotRead, LogLevel.Warning,
            "The PJSIP files of Asterisk {Node} could not be read, so an extension with the name "
            + "of an object in them is not rejected: {Reason}")]
        public static partial void FilesNotRead(ILogger logger, string node, string reason);
    }
}
