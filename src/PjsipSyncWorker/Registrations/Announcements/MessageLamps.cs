using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Tells one Asterisk that an endpoint's message lamp shows other mailboxes now. Asterisk remembers them by the endpoint's name, also when the
/// endpoint is gone and another row has its number (res_pjsip_mwi.c), and reads them again only when that module is reloaded.
/// </summary>
internal sealed partial class MessageLamps(NodeSettings node, NpgsqlDataSource dataSource, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>The module reads all endpoints that have voicemail.</summary>
    private static readonly TimeSpan LongestReload = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    private readonly AsyncAutoResetEvent _wake = new();
    private readonly ReloadBudget _reloads = new(time);

    /// <summary>The target has a new revision.</summary>
    public void Revised() => _wake.Set();

    /// <summary>Until cancelled.</summary>
    /// <param name="atLeastEvery">The longest time between two looks.</param>
    public async Task RunAsync(TimeSpan atLeastEvery, CancellationToken cancellation)
    {
        _wake.Set();
        var next = atLeastEvery;
        while (true)
        {
            await _wake.WaitAsync(next, time, cancellation);
            try
            {
                next = await TellAsync(cancellation) ? atLeastEvery : _reloads.Wait;
            }
            catch (Exception error) when (error is AmiException or AsteriskRefusalException)
            {
                Log.NotTold(logger, node.Name, DatabaseErrors.Describe(error));
                next = Retry;
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                // Others say so.
                next = Retry;
            }
        }
    }

    /// <returns>False when it must wait.</returns>
    private async Task<bool> TellAsync(CancellationToken cancellation)
    {
        if (await ChangedAsync(cancellation) is not { } revision)
            return true;
        if (_reloads.Wait > TimeSpan.Zero)
            return false;
        var began = time.GetTimestamp();
        // A connection of its own, since Asterisk carries out one action after the other on each.
        await using (var connection = await NodeAccess.ConnectAsync(node, LongestReload, PingInterval, time, cancellation))
            await new AsteriskConsole(connection).RunAsync("module reload res_pjsip_mwi.so", cancellation);
        var took = time.GetElapsedTime(began);
        _reloads.Spend(took);
        await DoneAsync(revision, cancellation);
        Log.Told(logger, node.Name, took.TotalMilliseconds);
        return true;
    }

    private async Task<long?> ChangedAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand(
            "select max(revision) from pjsip_sync.message_lamp where revision > (select lamp_revision from pjsip_sync.node where name = $1) and revision > 0");
        command.Parameters.Add(new() { Value = node.Name });
        return await command.ExecuteScalarAsync(cancellation) as long?;
    }

    private async Task DoneAsync(long revision, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("update pjsip_sync.node set lamp_revision = $2 where name = $1");
        command.Parameters.Add(new() { Value = node.Name });
        command.Parameters.Add(new() { Value = revision });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(2030, LogLevel.Information, "Asterisk {Node} read again which message lamp shows which mailbox, in {Milliseconds:0} ms")]
        public static partial void Told(ILogger logger, string node, double milliseconds);

        [LoggerMessage(2031, LogLevel.Warning, "Asterisk {Node} could not be told which message lamp shows which mailbox, the next attempt follows: {Reason}")]
        public static partial void NotTold(ILogger logger, string node, string reason);
    }
}
