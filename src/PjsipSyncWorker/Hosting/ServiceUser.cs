using System.Runtime.InteropServices;
using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Hosting;

/// <summary>
/// The user of the service, which a command of root becomes before it connects: on a socket PostgreSQL asks for no password and lets a
/// system user in as the role of the same name (peer).
/// </summary>
internal static partial class ServiceUser
{
    private const string LibC = "libc";

    /// <summary>
    /// Makes this process that of the user whom the connection string names, if this process is root's and the connection goes to a socket
    /// without a password. Files that only root may read must have been read before. Changes nothing when there is no such user, or when
    /// PostgreSQL refuses that user, who may be mapped otherwise in pg_ident.conf.
    /// </summary>
    public static async Task BecomeAsync(string connectionString, CancellationToken cancellation)
    {
        if (GetEffectiveUser() != 0 || SocketUser(connectionString) is not { } name || Find(name) is not { } user)
            return;
        var groups = Groups();
        if (SetGroupsOf(name, user.Group) != 0 || SetEffectiveGroup(user.Group) != 0 || SetEffectiveUser(user.Id) != 0
            || await IsRefusedAsync(connectionString, cancellation))
        {
            _ = SetEffectiveUser(0);
            _ = SetEffectiveGroup(0);
            _ = SetGroups((nuint)groups.Length, groups);
            return;
        }
        // The real and the saved user go too, so that nothing can take root's rights back.
        _ = SetEffectiveUser(0);
        if (SetAllGroups(user.Group, user.Group, user.Group) != 0 || SetAllUsers(user.Id, user.Id, user.Id) != 0)
            throw new InvalidOperationException($"This process cannot become the user {name}");
    }

    /// <summary>The user that PostgreSQL will ask the system for; null when the connection is by network, or has a password.</summary>
    internal static string? SocketUser(string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        var isSocket = connection.Host is { Length: > 0 } host && host[0] is '/' or '@';
        var hasPassword = !string.IsNullOrEmpty(connection.Password) || !string.IsNullOrEmpty(connection.Passfile)
            || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("PGPASSWORD"));
        return isSocket && !hasPassword && connection.Username is { Length: > 0 } name && name != "root" ? name : null;
    }

    private static async Task<bool> IsRefusedAsync(string connectionString, CancellationToken cancellation)
    {
        try
        {
            await using var dataSource = DataSource.Create(connectionString);
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            return false;
        }
        catch (PostgresException error)
        {
            return error.SqlState is PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error))
        {
            return false;
        }
    }

    /// <summary>Looks the user up where the system has its users, which need not be /etc/passwd.</summary>
    private static (uint Id, uint Group)? Find(string name)
    {
        var entry = GetUser(name);
        // struct passwd: two pointers, then user and group.
        return entry == 0 ? null
            : ((uint)Marshal.ReadInt32(entry, 2 * nint.Size), (uint)Marshal.ReadInt32(entry, 2 * nint.Size + sizeof(uint)));
    }

    private static uint[] Groups()
    {
        var groups = new uint[Math.Max(0, GetGroups(0, []))];
        _ = GetGroups(groups.Length, groups);
        return groups;
    }

    [LibraryImport(LibC, EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport(LibC, EntryPoint = "getpwnam", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetUser(string name);

    [LibraryImport(LibC, EntryPoint = "getgroups")]
    private static partial int GetGroups(int size, [Out] uint[] groups);

    [LibraryImport(LibC, EntryPoint = "setgroups")]
    private static partial int SetGroups(nuint size, uint[] groups);

    [LibraryImport(LibC, EntryPoint = "initgroups", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetGroupsOf(string user, uint group);

    [LibraryImport(LibC, EntryPoint = "setegid")]
    private static partial int SetEffectiveGroup(uint group);

    [LibraryImport(LibC, EntryPoint = "seteuid")]
    private static partial int SetEffectiveUser(uint user);

    [LibraryImport(LibC, EntryPoint = "setresgid")]
    private static partial int SetAllGroups(uint real, uint effective, uint saved);

    [LibraryImport(LibC, EntryPoint = "setresuid")]
    private static partial int SetAllUsers(uint real, uint effective, uint saved);
}
