using System.Net.Sockets;
using Npgsql;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Postgres;

/// <summary>Classifies database errors, and describes them in one line without a secret.</summary>
internal static class DatabaseErrors
{
    /// <summary>
    /// Returns whether one row caused the error, so that other rows would succeed: a value that does not fit (SQLSTATE classes 22, 23), or
    /// an error that an expression, a function or a trigger of the application raises (P0, 38, 39, 09, 2F; 08 and HV come from a foreign
    /// server, because this connection is still alive).
    /// </summary>
    public static bool RejectsRow(PostgresException error) =>
        error.InvariantSeverity == "ERROR" && error.SqlState[..2] is ("22" or "23" or "P0" or "38" or "39" or "09" or "2F" or "08" or "HV");

    /// <summary>
    /// Returns whether one of the application's rows may have caused the error, for a statement that updates several of them: a trigger
    /// there can raise or wait for anything. False when the transaction or the server is at fault (classes 25, 40, 53, 57, 58; severity
    /// FATAL).
    /// </summary>
    public static bool MayBeOneRow(PostgresException error) =>
        error.InvariantSeverity == "ERROR" && error.SqlState[..2] is not ("25" or "40" or "53" or "57" or "58");

    /// <summary>
    /// Returns whether trying again is useless until a person acts: wrong password, no such database or role, no privilege, schema not
    /// installed.
    /// </summary>
    public static bool IsPermanent(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege
            or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction
            or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedColumn
            or PostgresErrorCodes.UndefinedObject
    };

    /// <summary>Returns whether the error comes from the database or from the connection to it.</summary>
    public static bool IsDatabase(Exception error) =>
        error is NpgsqlException or TimeoutException or SocketException;

    /// <summary>Returns the error in one line, without the server's DETAIL, which can hold values of a row.</summary>
    public static string Describe(Exception error) => UntrustedText.Escape(Text(error));

    private static string Text(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
            "the password for this database role is wrong (ConnectionStrings:Postgres)",
        // The same code has other causes, such as a role that does not exist.
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification, Routine: "auth_failed" } e =>
            $"{e.MessageText} ({e.SqlState}): this process is the system user {Environment.UserName}; run it as root or as the "
            + "user that has the name of the role, or put a password into ConnectionStrings:Postgres",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e =>
            $"{e.MessageText}: create it (createdb {DatabaseName(e)}), or name another in ConnectionStrings:Postgres",
        PostgresException e when IsUndefined(e) && e.MessageText.Contains("pjsip_sync", StringComparison.Ordinal) =>
            "the schema pjsip_sync is not installed here: run pjsip-sync-worker init",
        PostgresException e => $"{e.MessageText} ({e.SqlState})",
        // The system reports a missing socket file as "Cannot assign requested address", which would mislead to the network.
        NpgsqlException { InnerException: SocketException { SocketErrorCode: SocketError.AddressNotAvailable } } e =>
            $"no server listens ({e.Message})",
        NpgsqlException { InnerException: SocketException inner } e when e.Message != inner.Message => $"{inner.Message} ({e.Message})",
        NpgsqlException { InnerException: { } inner } e => $"{e.Message}: {inner.Message}",
        _ => error.Message,
    };

    /// <summary>Returns the name in a message such as <c>database "pbx" does not exist</c>, of any language.</summary>
    private static string DatabaseName(PostgresException error) => error.MessageText.Split('"') is [_, var name, ..] ? name : "NAME";

    private static bool IsUndefined(PostgresException error) =>
        error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName;
}
