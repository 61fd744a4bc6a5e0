using Microsoft.Extensions.Logging;
using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>Connections to PostgreSQL with the session settings that every statement of ours relies on.</summary>
internal static class DataSource
{
    /// <summary>
    /// Nothing that a role or a database was given as its default may end a session of ours or change what a statement sees.
    /// A stalled session, or one whose host died, must not hold a lock for long. Row-level policies apply, and <c>pjsip_sync.sees_every_row()</c>,
    /// asked after each reading, makes one that may hide a row an error: off, PostgreSQL would refuse policies that show every row as well.
    /// The search_path stays the role's own: other people's triggers run in these sessions, and our names carry their schema.
    /// </summary>
    private const string SessionSettings = """
        set row_security = on;
        set default_transaction_isolation = 'read committed';
        set statement_timeout = '30s';
        set lock_timeout = '1s';
        set idle_in_transaction_session_timeout = '5s';
        set tcp_user_timeout = '15s';
        set tcp_keepalives_idle = 10;
        set tcp_keepalives_interval = 5;
        set tcp_keepalives_count = 2;
        set client_min_messages = warning;
        set jit = off;
        select set_config(name, '0', false) from pg_settings where name in ('idle_session_timeout', 'transaction_timeout');
        """;

    /// <summary>
    /// Seconds that a statement on very many rows may take, a little more than the server allows it; any other is given up
    /// much sooner, for a connection that fell silent looks like a slow statement.
    /// </summary>
    public const int BulkTimeoutSeconds = 35;

    /// <summary>
    /// In a transaction that may commit without waiting for the disk: what a crash of the server takes back of it, it takes
    /// back together with the record that it was done, and it is done again.
    /// </summary>
    public const string AsynchronousCommit = "set_config('synchronous_commit', 'off', true)";

    public static NpgsqlDataSource Create(string connectionString, ILoggerFactory? loggers = null)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(connectionString);
        var connection = builder.ConnectionStringBuilder;
        // ShouldSerialize: whether somebody gave it; ContainsKey is true of every key there is.
        if (!connection.ShouldSerialize("Application Name"))
            connection.ApplicationName = "pjsip-sync-worker";
        if (!connection.ShouldSerialize("Timeout"))
            connection.Timeout = 5;
        if (!connection.ShouldSerialize("Command Timeout"))
            connection.CommandTimeout = 10;
        // The same few statements are run again and again: parsed and planned once.
        if (!connection.ShouldSerialize("Max Auto Prepare"))
            (connection.MaxAutoPrepare, connection.AutoPrepareMinUsages) = (100, 2);
        // What a failed statement held (a password among it) belongs in no log.
        connection.IncludeErrorDetail = false;
        connection.PersistSecurityInfo = false;
        connection.NoResetOnClose = true;
        if (connection.Host is { Length: > 0 } host && host[0] is not ('/' or '@'))
            (connection.TcpKeepAlive, connection.TcpKeepAliveTime, connection.TcpKeepAliveInterval) = (true, 10, 5);
        // The name of the pool in Npgsql's metrics, which would be the connection string.
        builder.Name = "pjsip_sync";
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        if (loggers is not null)
            builder.UseLoggerFactory(loggers);
        builder.UsePhysicalConnectionInitializer(
            connection => Execute(connection), connection => ExecuteAsync(connection));
        // Whatever is asked for here: of several servers the one that can be written to, found soon after another was promoted.
        connection.TargetSessionAttributes = null;
        if (connection.Host?.Contains(',', StringComparison.Ordinal) != true)
            return builder.Build();
        if (!connection.ShouldSerialize("Host Recheck Seconds"))
            connection.HostRecheckSeconds = 1;
        return builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);

        static void Execute(NpgsqlConnection connection)
        {
            using var command = new NpgsqlCommand(SessionSettings, connection);
            command.ExecuteNonQuery();
        }

        static async Task ExecuteAsync(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand(SessionSettings, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
