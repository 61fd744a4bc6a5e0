using Microsoft.Extensions.Logging;
using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// Reloads res_pjsip_mwi of one Asterisk when the message lamp of an endpoint must show other mailboxes. That module remembers the
/// mailboxes by the endpoint's name, even when the endpoint was deleted and another row has its number, and reads them again only at a
/// reload.
/// </summary>
internal sealed partial class MessageLamps(NodeSettings node, NpgsqlDataSource dataSource, TimeProvider time, ILogger<MessageLamps> logger)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    /// <summary>The module reads all endpoints that have voicemail, which may take long.</summary>
    private static readonly TimeSpan MaxReload = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    private readonly AsyncAutoResetEvent _wake = new();
    private readonly ReloadBudget _reloads = new(time);

    /// <summary>Notes that the ps_* tables changed. Thread-safe.</summary>
    public void OnRevision() => _wake.Set();

    /// <summary>Reloads the module at each change of a lamp, until cancelled.</summary>
    /// <param name="maxInterval">The longest time between two checks.</param>
    public async Task RunAsync(TimeSpan maxInterval, CancellationToken cancellation)
    {
        _wake.Set();
        var next = maxInterval;
        while (true)
        {
            await _wake.WaitAsync(next, time, cancellation);
            try
            {
                next = await ReloadIfChangedAsync(cancellation) ? maxInterval : _reloads.Wait;
            }
            catch (Exception error) when (error is AmiException or AsteriskRefusalException)
            {
                Log.ReloadFailed(logger, node.Name, DatabaseErrors.Describe(error));
                next = RetryInterval;
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error))
            {
                // The other loops report the same failure.
                next = RetryInterval;
            }
        }
    }

    /// <returns>False when a reload is needed and must wait.</returns>
    private async Task<bool> ReloadIfChangedAsync(CancellationToken cancellation)
    {
        if (await ChangedRevisionAsync(cancellation) is not { } revision)
            return true;
        if (_reloads.Wait > TimeSpan.Zero)
            return false;
        var began = time.GetTimestamp();
        // A long command has a connection of its own, because Asterisk runs the actions of one connection one after the other.
        await using (var connection = await NodeAccess.ConnectAsync(node, MaxReload, PingInterval, time, cancellation))
            await new AsteriskConsole(connection).RunAsync("module reload res_pjsip_mwi.so", cancellation);
        var took = time.GetElapsedTime(began);
        _reloads.Spend(took);
        await MarkReloadedAsync(revision, cancellation);
        Log.Reloaded(logger, node.Name, took.TotalMilliseconds);
        return true;
    }

    /// <returns>The highest revision of a lamp that was not announced to this Asterisk; null when there is none.</returns>
    private async Task<long?> ChangedRevisionAsync(CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("""
            select max(revision) from pjsip_sync.message_lamp
            where revision > (select lamp_revision from pjsip_sync.node where name = $1) and revision > 0
            """);
        command.Parameters.Add(new() { Value = node.Name });
        return await command.ExecuteScalarAsync(cancellation) as long?;
    }

    private async Task MarkReloadedAsync(long revision, CancellationToken cancellation)
    {
        await using var command = dataSource.CreateCommand("update pjsip_sync.node set lamp_revision = $2 where name = $1");
        command.Parameters.Add(new() { Value = node.Name });
        command.Parameters.Add(new() { Value = revision });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.MessageLampsReloaded, LogLevel.Information,
            "Reloaded the message lamps of Asterisk {Node} (res_pjsip_mwi) in {Milliseconds:0} ms")]
        public static partial void Reloaded(ILogger logger, string node, double milliseconds);

        [LoggerMessage(EventIds.MessageLampsNotReloaded, LogLevel.Warning,
            "The message lamps of Asterisk {Node} (res_pjsip_mwi) could not be reloaded, the next attempt follows: {Reason}")]
        public static partial void ReloadFailed(ILogger logger, string node, string reason);
    }
}
