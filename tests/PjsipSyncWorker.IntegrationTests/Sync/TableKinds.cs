namespace PjsipSyncWorker.IntegrationTests.Sync;

/// <summary>The kinds of ps_* tables that are met beside those of <c>init</c>.</summary>
internal static class TableKinds
{
    /// <summary>The tables of Asterisk 22's own scripts: enums, short columns, no primary key but a unique id.</summary>
    public static Task CreateAsterisk22Async(TestDatabase database) => AsteriskSchema.CreateAsync(database, "public");

    /// <summary>Tables as an old release has them: few columns, ids of 40 characters, yes and no as an enum of two.</summary>
    public static Task CreateReducedAsync(TestDatabase database) => database.ExecuteAsync("""
        create type yesno_values as enum ('yes', 'no');
        create table ps_endpoints (id varchar(40) not null unique, transport varchar(40), aors varchar(200), auth varchar(40),
          context varchar(40),
          disallow varchar(200), allow varchar(200), direct_media yesno_values, dtmf_mode varchar(10), force_rport yesno_values,
          mailboxes varchar(40),
          rewrite_contact yesno_values, rtp_symmetric yesno_values, callerid varchar(40), accountcode varchar(20), rtp_timeout integer);
        create table ps_auths (id varchar(40) not null unique, auth_type varchar(10), password varchar(80), username varchar(40));
        create table ps_aors (id varchar(40) not null unique, contact varchar(40), max_contacts integer, remove_existing yesno_values,
          qualify_frequency integer);
        create table ps_contacts (id varchar(255) unique, uri varchar(255), expiration_time varchar(40));
        """);
}

/// <summary>The tables that <c>init</c> makes.</summary>
public sealed class OwnTables(PostgresServer server) : SyncSuite(server);

/// <inheritdoc cref="TableKinds.CreateAsterisk22Async"/>
public sealed class Asterisk22Tables(PostgresServer server) : SyncSuite(server)
{
    protected override Task PrepareAsync(TestDatabase database) => TableKinds.CreateAsterisk22Async(database);
}

/// <inheritdoc cref="TableKinds.CreateReducedAsync"/>
public sealed class ReducedTables(PostgresServer server) : SyncSuite(server)
{
    protected override Task PrepareAsync(TestDatabase database) => TableKinds.CreateReducedAsync(database);
}

/// <summary>The tables that <c>init</c> makes.</summary>
public sealed class OwnTablesIsolation(PostgresServer server) : IsolationSuite(server);

/// <inheritdoc cref="TableKinds.CreateAsterisk22Async"/>
public sealed class Asterisk22TablesIsolation(PostgresServer server) : IsolationSuite(server)
{
    protected override Task PrepareAsync(TestDatabase database) => TableKinds.CreateAsterisk22Async(database);
}

/// <inheritdoc cref="TableKinds.CreateReducedAsync"/>
public sealed class ReducedTablesIsolation(PostgresServer server) : IsolationSuite(server)
{
    protected override Task PrepareAsync(TestDatabase database) => TableKinds.CreateReducedAsync(database);
}
