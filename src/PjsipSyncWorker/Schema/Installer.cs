using System.Diagnostics;
using Npgsql;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Schema;

/// <summary>Optional parts of an installation, beside the schema and the triggers.</summary>
[Flags]
internal enum InstallOptions
{
    None = 0,

    /// <summary>The default table of phone extensions.</summary>
    CreateExtensions = 1,

    /// <summary>The roles of least privilege: pjsip_sync for the worker, asterisk for Asterisk.</summary>
    Roles = 2,

    /// <summary>The table that Source:StatusTable names.</summary>
    CreateStatusTable = 4,
}

/// <summary>Installs or upgrades the database side: the files of <c>sql/</c> in their order, in one transaction.</summary>
internal static class Installer
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Returns the files in their order, with the variables of this configuration filled in. <c>sql/install.sql</c> is the same list, for
    /// psql.
    /// </summary>
    public static IEnumerable<(string File, string Sql)> Scripts(WorkerSettings settings, InstallOptions options)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["source_table"] = settings.Source.Table,
            ["columns"] = Installation.ColumnsJson(settings.Source),
            ["active"] = settings.Source.Active,
            ["realtime_schema"] = settings.Realtime.Schema,
            ["status_table"] = settings.Source.StatusTable,
        };
        string[] files =
        [
            "05_locks.sql", "06_upgrade.sql", "10_schema.sql", "12_views.sql", "15_realtime_schema.sql", "20_realtime.sql",
            "22_realtime_contacts.sql", "25_voicemail.sql",
            .. options.HasFlag(InstallOptions.CreateExtensions) ? ["30_extensions.sql"] : Array.Empty<string>(),
            "35_announcements.sql", "40_protocol.sql", "41_columns.sql", "41_evaluation.sql", "42_mapping_faults.sql", "43_mapping.sql",
            "44_row_security.sql", "45_privileges.sql", "46_templates.sql", .. SqlScript.Files("templates/"), "47_recording.sql", "47_triggers.sql",
            "48_status.sql", "48_status_generation.sql", "49_configuration.sql",
            .. options.HasFlag(InstallOptions.CreateStatusTable) ? ["49_status_table.sql"] : Array.Empty<string>(),
            settings.Source.StatusTable.Length == 0 ? "50_mapping.sql" : "51_status_mapping.sql", "60_ownership.sql",
            "65_requirements.sql",
            .. options.HasFlag(InstallOptions.Roles) ? ["70_roles.sql"] : Array.Empty<string>(),
        ];
        return files.Select(file => (file, SqlScript.Fill(SqlScript.Load(file), variables)));
    }

    /// <summary>
    /// Installs everything in one transaction, or nothing. Waits only shortly for each lock, because statements of the application queue
    /// behind a lock that is waited for. When a lock cannot be had the transaction is rolled back and tried again, for a minute.
    /// </summary>
    /// <param name="onNotice">Receives the warnings of the server.</param>
    /// <exception cref="PostgresException">The mapping does not fit the table; the message says why.</exception>
    public static async Task InstallAsync(
        NpgsqlDataSource dataSource, WorkerSettings settings, InstallOptions options, Action<string> onNotice,
        CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        for (var said = false; ; said = true)
        {
            try
            {
                await InstallOnceAsync(dataSource, settings, options, onNotice, cancellation);
                return;
            }
            catch (PostgresException error)
                when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected
                    && Stopwatch.GetElapsedTime(started) < LockPatience)
            {
                if (!said)
                {
                    onNotice($"other transactions hold locks on {settings.Source.Table} or in the schema pjsip_sync: "
                        + $"trying again for {LockPatience.TotalSeconds:0} s");
                }
                await Task.Delay(LockRetry, cancellation);
            }
        }
    }

    private static async Task InstallOnceAsync(
        NpgsqlDataSource dataSource, WorkerSettings settings, InstallOptions options, Action<string> onNotice,
        CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        connection.Notice += (_, notice) => onNotice(notice.Notice.MessageText);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        foreach (var (_, sql) in Scripts(settings, options))
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync(cancellation);
        }
        await transaction.CommitAsync(cancellation);
    }
}
