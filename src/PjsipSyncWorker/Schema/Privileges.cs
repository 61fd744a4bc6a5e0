using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Schema;

/// <summary>Finds the rights that the role of a session lacks.</summary>
internal static class Privileges
{
    /// <summary>The view that lists all others cannot be read without these.</summary>
    private const string Access = """
        select 'usage on schema pjsip_sync' from pg_namespace where nspname = 'pjsip_sync' and not has_schema_privilege(oid, 'usage')
        union all
        select 'select on pjsip_sync.' || relname from pg_class
        where relnamespace = (select oid from pg_namespace where nspname = 'pjsip_sync')
          and relname in ('required_object', 'missing_privilege')
          and not has_table_privilege(oid, 'select')
        order by 1
        """;

    private const string Grants = "select privilege from pjsip_sync.missing_privilege order by 1";

    private const string Policies = """
        select format('create policy pjsip_sync on %s to %I using (true)', hidden, current_user)
        from pjsip_sync.tables_with_hidden_rows() as hidden order by 1
        """;

    /// <summary>Returns the rights of <c>sql/65_requirements.sql</c> that the role of this session lacks.</summary>
    /// <exception cref="PostgresException">42501: the role may not use the schema of the application's table.</exception>
    public static async Task<MissingPrivileges> MissingAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var access = await ReadAsync(new NpgsqlCommand(Access, connection), cancellation);
        if (access.Count > 0)
            return new MissingPrivileges(access, []);
        var grants = await ReadAsync(new NpgsqlCommand(Grants, connection), cancellation);
        return grants.Count > 0
            ? new MissingPrivileges(grants, [])
            : new MissingPrivileges([], await ReadAsync(new NpgsqlCommand(Policies, connection), cancellation));
    }

    private static async Task<List<string>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using (command)
            return await command.ReadTextsAsync(cancellation);
    }
}

/// <summary>The rights that the role of a session lacks.</summary>
/// <param name="Grants">Each as a GRANT names it: <c>insert on public.ps_auths</c>.</param>
/// <param name="Policies">Statements, one for each table with row-level policies that may hide rows.</param>
internal sealed record MissingPrivileges(IReadOnlyList<string> Grants, IReadOnlyList<string> Policies)
{
    /// <summary>Returns whether any right is missing.</summary>
    public bool Any => Grants.Count + Policies.Count > 0;

    /// <summary>Returns the missing rights in words.</summary>
    public string Found =>
        string.Join("; ", [.. Grants, .. Policies.Count > 0 ? ["a row-level policy that shows it every row"] : Array.Empty<string>()]);

    /// <summary>Returns what to do about them.</summary>
    public string Advice =>
        string.Join("; ", [.. Grants.Count > 0 ? [GrantAdvice] : Array.Empty<string>(),
            .. Policies.Count > 0 ? [PolicyAdvice] : Array.Empty<string>()]);

    private const string GrantAdvice =
        "run pjsip-sync-worker init --roles as the owner of the tables and let the worker be the role pjsip_sync, or grant these by hand";

    private string PolicyAdvice => $"as the owner of the table: {string.Join("; ", Policies)} (bypassrls for the role does the same)";
}
