using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Monitoring;
using PjsipSyncWorker.Registrations;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Rows whose status the application's table does not accept.</summary>
public sealed class StatusRefusalTests(PostgresServer server)
{
    private const string Forbid = """
        create function forbid() returns trigger language plpgsql
          as $$ begin raise exception 'not % with % and %', new.number, new.password, to_json(new.password); end $$;
        """;

    /// <summary>
    /// What an application may do that keeps its own rows from being updated: what makes it so, what ends it, how many it concerns, and
    /// what is said.
    /// </summary>
    public static TheoryData<string, string, int, string> Unwritable => new()
    {
        { $"{Forbid} create trigger forbid before update on extensions for each row when (new.number = '1500') execute function forbid()",
            "drop trigger forbid on extensions", 1,
            "its status cannot be written: not 1500 with *** and \"***\", in forbid() line 1 at RAISE" },
        { $"{Forbid} create constraint trigger forbid after update on extensions deferrable initially deferred for each row "
            + "when (new.number in ('1000', '1001', '1999')) execute function forbid()",
            "drop trigger forbid on extensions", 3, "with ***" },
        { "alter table extensions add constraint long_passwords check (length(password) >= 5) not valid",
            "alter table extensions drop constraint long_passwords", 10,
            "its status cannot be written: extensions violates the constraint long_passwords" },
        { "alter table extensions add constraint none check (false) not valid", "alter table extensions drop constraint none", 1000,
            "its status cannot be written: extensions violates the constraint none" },
        { $"{Forbid} create trigger forbid before update on extensions for each row execute function forbid()",
            "drop trigger forbid on extensions", 1000, "with ***" },
        { "create table audit (number text primary key); insert into audit values ('1500'); "
            + "create function note() returns trigger language plpgsql as $$ begin insert into audit values (new.number); "
            + "return new; end $$; create trigger note after update of status on extensions for each row when (new.number = "
            + "'1500') execute function note()",
            "drop trigger note on extensions", 1,
            "its status cannot be written: audit violates the constraint audit_pkey, in note() line 1 at SQL statement" },
        { "create function note() returns trigger language plpgsql as 'begin perform nosuch(); return new; end'; "
            + "create trigger note before update on extensions for each row when (new.number = '1500') execute function note()",
            "drop trigger note on extensions", 1,
            "its status cannot be written: the database refuses it (SQLSTATE 42883), in note() line 1 at PERFORM" },
        { "create function note() returns trigger language plpgsql as $$ begin raise exception using errcode = '08001', "
            + "message = 'the other server is away'; end $$; create trigger note before update on extensions for each row when "
            + "(new.number = '1500') execute function note()",
            "drop trigger note on extensions", 1,
            "its status cannot be written: the database refuses it (SQLSTATE 08001), in note() line 1 at RAISE" },
        { "create function note() returns trigger language plpgsql as $$ begin raise exception using errcode = 'XX000'; end $$; "
            + "create trigger note before update on extensions for each row when (new.number = '1500') execute function note()",
            "drop trigger note on extensions", 1,
            "its status cannot be written: the database refuses it (SQLSTATE XX000), in note() line 1 at RAISE" },
    };

    [Theory]
    [MemberData(nameof(Unwritable))]
    public async Task A_row_that_cannot_be_updated_costs_no_other_its_status_and_is_named(string cause, string end, int rows, string reason)
    {
        await using var rig = await SyncRig.CreateAsync(server);
        // One of them is no phone, for a reason of its own.
        await rig.ChangeAsync("""
            insert into extensions (number, password) select g::text, case when g % 100 = 0 then 'se"s' else 'sesame' end
              from generate_series(1000, 1999) g;
            insert into extensions (number, password) values ('10 00', 'sesame')
            """);
        await rig.Database.ExecuteAsync(
            "insert into pjsip_sync.node (name, connected, last_seen_at) values ('pbx1', true, now() + interval '1 hour')");
        await rig.Database.ExecuteAsync(cause);
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);
        using var stop = new CancellationTokenSource();
        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);

        await rig.Database.ExecuteAsync("""
            insert into pjsip_sync.contact (node, endpoint, uri, status, registered_at)
              select 'pbx1', id, 'sip:x', 'Reachable', now() from pjsip_sync.managed_endpoint
            """);
        statusWriter.EnqueueAll();
        await Eventually.Equal(1000L - rows, () => CountAsync("online"));
        await Eventually.Equal((long)rows, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"));
        Assert.Contains(reason, await rig.Database.ScalarAsync<string>("select reason from pjsip_sync.status_rejected order by id limit 1"),
            StringComparison.Ordinal);
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("""
            select count(*) from pjsip_sync.status_rejected where reason like '%sesame%' or reason like '%se"%'
            """));
        VerificationAssert.Expect(await VerificationAssert.VerifyAsync(rig.Settings), "registrations.status", Outcome.Warn, reason);
        Assert.Equal((long)rows, (await Overview.TryReadAsync(rig.DataSource, default))!.StatusRejected);

        // The others go on, and neither loop clears what the other rejects.
        var begun = System.Diagnostics.Stopwatch.StartNew();
        await rig.Database.ExecuteAsync("delete from pjsip_sync.contact where endpoint between '1100' and '1199'");
        statusWriter.Enqueue(Enumerable.Range(1100, 100).Select(number => $"{number}"));
        await Eventually.Equal(0L, () => rig.Database.ScalarAsync<long>("""
            select count(*) from extensions x where status = 'online' and number between '1100' and '1199'
              and not exists (select from pjsip_sync.status_rejected r where r.id = number)
            """));
        await Measurements.RecordAsync($"status of others beside {rows} rows that cannot be updated", begun.Elapsed);
        await rig.ReconcileAsync(force: true);
        Assert.Equal(["10 00"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));

        await rig.Database.ExecuteAsync(end);
        await Eventually.Equal(0L, () => rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"),
            TimeSpan.FromSeconds(40));
        await Eventually.Equal(900L, () => CountAsync("online"));
        Assert.Equal(["10 00"], await rig.Database.RowsAsync("select id from pjsip_sync.rejected"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);

        Task<long> CountAsync(string status) => rig.Database.ScalarAsync<long>("select count(*) from extensions where status = $1", status);
    }

    [Fact]
    public async Task Row_whose_trigger_waits_for_a_lock_is_retried_and_delays_no_other()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1099) g");
        await rig.Database.ExecuteAsync("""
            create table company (id int primary key, busy int); insert into company values (1, 0);
            create function note() returns trigger language plpgsql as 'begin update public.company set busy = busy + 1; return new; end';
            create trigger note before update on extensions for each row when (new.number = '1050') execute function note();
            update extensions set status = 'online';
            """);
        using var metrics = new RegistrationMetrics(TimeProvider.System);
        var statusWriter = new StatusWriter(rig.DataSource, rig.Settings, metrics, TimeProvider.System, NullLogger<StatusWriter>.Instance);
        using var stop = new CancellationTokenSource();
        await using var holder = await rig.Database.OpenAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("update company set busy = 1", holder))
            await hold.ExecuteNonQueryAsync();

        var writing = statusWriter.RunAsync(new Health(TimeProvider.System).Begin("status"), stop.Token);
        await Eventually.Equal("1050", () => rig.Database.ScalarAsync<string>("""
            select string_agg(number, ',') from extensions where status = 'online'
            """));
        Assert.Equal(0L, await rig.Database.ScalarAsync<long>("select count(*) from pjsip_sync.status_rejected"));
        await holding.RollbackAsync();
        await Eventually.Equal(100L, () => rig.Database.ScalarAsync<long>("select count(*) from extensions where status = 'offline'"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }
}
