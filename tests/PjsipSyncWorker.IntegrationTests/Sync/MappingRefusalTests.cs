namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>Tables and mappings that <c>init</c> refuses with a reason, or warns of.</summary>
public sealed class MappingRefusalTests(PostgresServer server)
{
    [Theory]
    [InlineData("create table real_lines (number text, password text); create view lines as select * from real_lines", "is a view")]
    [InlineData("create table parent (number text, password text); create table lines () inherits (parent)", "inheritance tree")]
    [InlineData("create table lines (number text, password text); create table child () inherits (lines)", "inheritance tree")]
    [InlineData("create table whole (number text, password text) partition by list (number); create table lines partition of whole default",
        "is a partition")]
    [InlineData(
        "create table lines (id bigint, context varchar(40), exten varchar(40), priority int, app varchar(40), "
        + "appdata varchar(256))", "dialplan table")]
    [InlineData("select 1", "does not exist")]
    public async Task A_table_that_cannot_be_watched_is_refused_with_a_reason(string tables, string because)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(tables);

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=public.lines"], "init");

        Assert.Equal(2, exitCode);
        Assert.Contains(because, output, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", output, StringComparison.Ordinal);
        Assert.Null(await database.ScalarAsync<string>("select to_regnamespace('pjsip_sync')::text"));
    }

    [Fact]
    public async Task Every_mistake_of_a_mapping_is_named_at_once()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            "create table lines (ext text, pw text); create function public.mine(text) returns text language sql as 'select $1'");

        var (exitCode, output) = await WorkerProcess.CommandAsync(database,
        [
            "Source__Table=lines", "Source__Columns__Password=passwd", "Source__Columns__Nmae=ext",
            "Source__Columns__Codecs=nosuchfunction(ext)",
            "Source__Columns__Context=mine(ext)", "Source__Columns__Status=upper(ext)", "Source__Active=enabled and ext <> ''",
        ], "init");

        Assert.Equal(2, exitCode);
        foreach (var problem in new[]
        {
            "Source:Columns:Number: public.lines has no column \"number\"",
            "Source:Columns:Password: public.lines has no column \"passwd\"", "Source:Columns:Nmae is not known",
            "Source:Columns:Codecs: function nosuchfunction(text) does not exist",
            "Source:Columns:Context: function mine(text) does not exist",
            "Source:Columns:Status: \"upper(ext)\" is written by the worker", "Source:Active: column \"enabled\" does not exist",
        })
            Assert.Contains(problem, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Number=(select slug from public.tenants t where t.id = extension.tenant_id) || '-' || number",
        "Source:Columns:Number reads public.tenants beside its own row")]
    [InlineData("DisplayName=(with t as (select * from public.named) select t.slug from t where t.id = tenant_id)",
        "Source:Columns:DisplayName reads public.named beside its own row")]
    [InlineData("Context=coalesce((select max(l.number) from public.lines l where l.tenant_id = extension.tenant_id), 'internal')",
        "Source:Columns:Context reads public.lines beside its own row")]
    [InlineData("Active=exists (select from public.tenants t where t.id = tenant_id)",
        "Source:Active reads public.tenants beside its own row")]
    [InlineData("Active=tenant_id in (select id from public.\"Tenant Parts\")",
        "Source:Active reads public.\"Tenant Parts\" beside its own row")]
    public async Task A_mapping_that_reads_another_table_is_refused_with_the_way_out(string mapping, string because)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("""
            create table tenants (id int primary key, slug text); create view named as select * from tenants where slug is not null;
            create table "Tenant Parts" (id int primary key) partition by list (id);
            create table "Tenant 1" partition of "Tenant Parts" for values in (1);
            create table lines (number text primary key, password text, tenant_id int)
            """);
        var setting = mapping.StartsWith("Active", StringComparison.Ordinal) ? $"Source__{mapping}" : $"Source__Columns__{mapping}";

        var (exitCode, output) = await WorkerProcess.CommandAsync(database, ["Source__Table=public.lines", setting], "init");

        Assert.Equal(2, exitCode);
        Assert.Contains(because, output, StringComparison.Ordinal);
        Assert.Contains("Map a column of public.lines that has the value: one that a trigger keeps, or a stored generated column", output,
            StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subquery_of_the_own_row_is_allowed_and_a_function_warned_of()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("""
            create table tenants (id int primary key, slug text);
            create table lines (number text primary key, password text, tags text[], tenant_id int);
            create function slug_of(int) returns text language sql stable as 'select slug from public.tenants where id = $1';
            create function plain(text) returns text language sql immutable as 'select $1'
            """);

        var (exitCode, output) = await WorkerProcess.CommandAsync(database,
        [
            "Source__Table=lines", "Source__Columns__DisplayName=(select string_agg(t, ' ') from unnest(tags) t)",
            "Source__Columns__Password=public.plain(password)",
            "Source__Columns__Context=public.slug_of(tenant_id)", "Source__Active=tenant_id is not null and now() > '2020-01-01'",
        ], "init");

        Assert.Equal(0, exitCode);
        Assert.Contains("the mapping calls public.slug_of(integer), which is not IMMUTABLE", output, StringComparison.Ordinal);
        Assert.DoesNotContain("plain", output, StringComparison.Ordinal);
    }
}
