using Npgsql;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Schema;

/// <summary>What is installed beside the schema and the triggers.</summary>
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
    /// <summary>Returns the files in their order, with the variables of this configuration filled in. <c>sql/install.sql</c> is the same list for psql.</summary>
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
            "10_schema.sql", "20_realtime.sql", "25_voicemail.sql",
            .. options.HasFlag(InstallOptions.CreateExtensions) ? ["30_extensions.sql"] : Array.Empty<string>(),
            "35_announcements.sql", "40_protocol.sql", "41_columns.sql", "42_mapping_faults.sql", "43_mapping.sql", "44_row_security.sql",
            "45_privileges.sql", "46_templates.sql", .. SqlScript.Files("templates/"), "47_recording.sql", "48_status.sql", "49_configuration.sql",
            .. options.HasFlag(InstallOptions.CreateStatusTable) ? ["49_status_table.sql"] : Array.Empty<string>(),
            settings.Source.StatusTable.Length == 0 ? "50_mapping.sql" : "51_status_mapping.sql", "60_ownership.sql",
            .. options.HasFlag(InstallOptions.Roles) ? ["70_roles.sql"] : Array.Empty<string>(),
        ];
        return files.Select(file => (file, SqlScript.Fill(SqlScript.Load(file), variables)));
    }

    /// <summary>All of it or nothing.</summary>
    /// <exception cref="PostgresException">With the message of <c>pjsip_sync.configure</c> when the mapping does not fit the table.</exception>
    public static async Task InstallAsync(
        NpgsqlDataSource dataSource, WorkerSettings settings, InstallOptions options, Action<string> onNotice, CancellationToken cancellation)
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
