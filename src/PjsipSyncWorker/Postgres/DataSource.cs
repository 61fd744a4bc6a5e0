using Microsoft.Extensions.Logging;
using Npgsql;

namespace PjsipSyncWorker.Postgres;

/// <summary>Makes the pool of connections to PostgreSQL, with the session settings that the worker's statements rely on.</summary>
internal static class DataSource
{
    /// <summary>
    /// Settings of every session. They override the defaults of the role and of the database, because those could end a session or change
    /// what a statement sees. The timeouts end a session that stalls, or whose host died, so that it holds no lock for long.
    /// <c>row_security</c> is on, and <c>pjsip_sync.sees_every_row()</c>, called after each reading, makes a policy that may hide a row an
    /// error; with <c>row_security</c> off PostgreSQL would refuse policies that show every row as well. <c>search_path</c> stays as the
    /// role has it, because triggers of others run in these sessions; the worker's own names are written with their schema.
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
    /// Command timeout in seconds for statements over many rows. It is slightly longer than the server's <c>statement_timeout</c> (30 s),
    /// so that the server reports the error. Other statements have 10 s, so that a dead connection is noticed sooner.
    /// </summary>
    public const int BulkTimeoutSeconds = 35;

    /// <summary>
    /// An SQL expression that makes the transaction commit without waiting for the disk. If the server crashes and loses the transaction,
    /// it also loses the record that the work was done, so that the work is done again.
    /// </summary>
    public const string AsynchronousCommit = "set_config('synchronous_commit', 'off', true)";

    /// <summary>Makes the pool; connects to nothing yet. The caller disposes it.</summary>
    /// <param name="connectionString">What it sets overrides the worker's own settings of the connection.</param>
    /// <param name="loggers">Where Npgsql logs; null for nowhere.</param>
    public static NpgsqlDataSource Create(string connectionString, ILoggerFactory? loggers = null)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(connectionString);
        var connection = builder.ConnectionStringBuilder;
        // ShouldSerialize tells whether the connection string has the key; ContainsKey is true for every known key.
        if (!connection.ShouldSerialize("Application Name"))
            connection.ApplicationName = "pjsip-sync-worker";
        if (!connection.ShouldSerialize("Timeout"))
            connection.Timeout = 5;
        if (!connection.ShouldSerialize("Command Timeout"))
            connection.CommandTimeout = 10;
        // The same few statements run again and again; prepared statements are parsed and planned once.
        if (!connection.ShouldSerialize("Max Auto Prepare"))
            (connection.MaxAutoPrepare, connection.AutoPrepareMinUsages) = (100, 2);
        // The detail of an error repeats values of the row, among them passwords.
        connection.IncludeErrorDetail = false;
        connection.PersistSecurityInfo = false;
        connection.NoResetOnClose = true;
        if (connection.Host is { Length: > 0 } host && host[0] is not ('/' or '@'))
            (connection.TcpKeepAlive, connection.TcpKeepAliveTime, connection.TcpKeepAliveInterval) = (true, 10, 5);
        // The name of the pool in Npgsql's metrics. Without it that would be the connection string.
        builder.Name = "pjsip_sync";
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        if (loggers is not null)
            builder.UseLoggerFactory(loggers);
        builder.UsePhysicalConnectionInitializer(
            connection => Execute(connection), connection => ExecuteAsync(connection));
        // Of several hosts only the primary is used, whatever the connection string says; a newly promoted one is found within a second.
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
