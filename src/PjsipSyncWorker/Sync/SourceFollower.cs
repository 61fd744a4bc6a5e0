using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync.Queue;

namespace PjsipSyncWorker.Sync;

/// <summary>
/// Follows what the application does to its table: maps new columns, puts back triggers and grants that are gone, and has everything
/// compared, because changes may have gone unrecorded. The limit of removals stays in force. For one session at a time.
/// </summary>
internal sealed class SourceFollower(SourceSettings source, SourceWatch watch, SyncMetrics metrics, SyncReporter reporter)
{
    /// <summary>Why changes of the table are not recorded, and the command that helps; null while they are recorded.</summary>
    public string? Unrecorded { get; private set; }

    /// <inheritdoc cref="SourceWatch.HasChangedAsync"/>
    public Task<bool> HasChangedAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        watch.HasChangedAsync(connection, cancellation);

    /// <summary>Brings everything that depends on the table up to date.</summary>
    /// <exception cref="InstallationException">The worker cannot read the table, and the role that ran init may not grant it.</exception>
    /// <exception cref="PostgresException">22023: the table lacks what every extension needs; the message names it.</exception>
    public async Task RefreshAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var change = await watch.LookAsync(connection, cancellation);
        var repair = await SourceRepair.RunAsync(connection, cancellation);
        reporter.Source(source.Table, change, repair);
        metrics.Recorded(repair.Refusal is null);
        Unrecorded = repair.Refusal is null ? null : $"{source.Table}: {string.Join("; ", repair.Faults)}: {repair.Refusal}";
        try
        {
            reporter.LeftOutOfSource(await Installation.RefreshMappingAsync(connection, source, cancellation));
        }
        catch (PostgresException error) when (Unrecorded is not null && error.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            throw new InstallationException(Unrecorded); // The installing role cannot even read the table.
        }
        if (Unrecorded is not null && (await Privileges.MissingAsync(connection, cancellation)).Any)
            throw new InstallationException(Unrecorded);
        if (change != SourceChange.None)
            await ChangeQueue.AddFullResyncAsync(connection, cancellation);
    }
}
