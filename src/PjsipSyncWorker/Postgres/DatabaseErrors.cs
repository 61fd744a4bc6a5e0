using System.Net.Sockets;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>What kind of fault a database error is, and how it is said in one line without a secret.</summary>
internal static class DatabaseErrors
{
    /// <summary>
    /// Another row would not fail so: a value that does not fit (class 22, 23), or what an expression, a function or a trigger of the
    /// application raises (P0, 38, 39, 09, 2F; 08 and HV of a foreign server, while this connection lives).
    /// </summary>
    public static bool RejectsRow(PostgresException error) =>
        error.InvariantSeverity == "ERROR" && error.SqlState[..2] is ("22" or "23" or "P0" or "38" or "39" or "09" or "2F" or "08" or "HV");

    /// <summary>
    /// A statement on several of the application's rows may fail because of one of them: whatever a trigger there raises or
    /// waits for. Not when the transaction or the server is at fault (classes 25, 40, 53, 57, 58; the severity FATAL).
    /// </summary>
    public static bool MayBeOneRow(PostgresException error) => error.InvariantSeverity == "ERROR" && error.SqlState[..2] is not ("25" or "40" or "53" or "57" or "58");

    /// <summary>Waiting cannot help: wrong password, no such database or role, no privilege, schema not installed.</summary>
    public static bool IsPermanent(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege
            or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction
            or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedObject
    };

    public static bool IsDatabase(Exception error) =>
        error is NpgsqlException or TimeoutException or SocketException;

    /// <summary>One line; the server's DETAIL, which can hold values of a row, is left out.</summary>
    public static string Describe(Exception error) => UntrustedText.Escape(Text(error));

    private static string Text(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } => "the password for this database role is wrong (ConnectionStrings:Postgres)",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e => $"{e.MessageText}: create it, or name another in ConnectionStrings:Postgres",
        PostgresException e when e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName
            && e.MessageText.Contains("pjsip_sync", StringComparison.Ordinal) => "the schema pjsip_sync is not installed here: run pjsip-sync-worker init",
        PostgresException e => $"{e.MessageText} ({e.SqlState})",
        // What a missing socket file is called by the system would send a person to the network.
        NpgsqlException { InnerException: SocketException { SocketErrorCode: SocketError.AddressNotAvailable } } e => $"no server listens ({e.Message})",
        NpgsqlException { InnerException: SocketException inner } e when e.Message != inner.Message => $"{inner.Message} ({e.Message})",
        NpgsqlException { InnerException: { } inner } e => $"{e.Message}: {inner.Message}",
        _ => error.Message,
    };
}
