namespace PjsipSyncWorker.TestSupport.Rigs;

/// <summary>The conditions that hold when nothing changes, in SQL of its own: no code of the worker checks the worker.</summary>
internal static class Invariants
{
    private const string Good = "good";

    /// <summary>Inserts a trunk into all three tables by hand.</summary>
    public static Task AddTrunkAsync(TestDatabase database) => database.ExecuteAsync("""
        insert into ps_aors (id, max_contacts, qualify_frequency) values ('trunk', 1, 17);
        insert into ps_auths (id, auth_type, username, password) values ('trunk', 'userpass', 'carrier', 'secret^3B');
        insert into ps_endpoints (id, aors, auth, context, allow) values ('trunk', 'trunk', 'trunk', 'from-carrier', 'alaw');
        """);

    /// <summary>Waits until all conditions hold, and returns how long that took.</summary>
    public static async Task<TimeSpan> HoldAsync(TestDatabase database, TimeSpan? patience = null)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await Eventually.Equal(Good, () => StateAsync(database), patience ?? TimeSpan.FromSeconds(40));
        return watch.Elapsed;
    }

    private static async Task<string> StateAsync(TestDatabase database) => await database.ScalarAsync<string>($"""
        with wanted as (
          select number as id, number || '|' || password || '|' || coalesce(display_name, '-') as line from extensions where enabled
        ), written as (
          select e.id, e.id || '|' || a.password || '|' || coalesce(substring(e.callerid::text from '^"(.*)" <'), '-') as line
          from ps_endpoints e join ps_auths a on a.id = e.auth and a.id = e.id join ps_aors r on r.id = e.aors and r.id = e.id
          where e.id <> 'trunk'
        )
        select coalesce(
          (select 'not written: ' || line from (select line from wanted except select line from written) missing order by 1 limit 1),
          (select 'still there: ' || line from (select line from written except select line from wanted) orphan order by 1 limit 1),
          (select 'alone: ' || id from (select id from ps_auths except select id from ps_endpoints) alone limit 1),
          (select 'alone: ' || id from (select id from ps_aors except select id from ps_endpoints) alone limit 1),
          (select 'change rows left: ' || count(*) from pjsip_sync.change having count(*) > 0),
          (select 'rejected: ' || reason from pjsip_sync.rejected limit 1),
          (select 'owned but gone: ' || o.id from pjsip_sync.managed_endpoint o where o.deleted_at is null
            and not exists (select from wanted where wanted.id = o.id) limit 1),
          (select 'trunk touched' where not exists (
             select from ps_endpoints e join ps_auths a using (id) join ps_aors r using (id)
             where id = 'trunk' and e.context = 'from-carrier' and e.allow = 'alaw' and a.password = 'secret^3B'
               and r.qualify_frequency = 17)),
          (select 'status of ' || x.number || ' is ' || x.status from extensions x left join pjsip_sync.registration r
            on r.number = x.number
           where exists (select from pjsip_sync.node) and x.status is distinct from coalesce(r.status, 'offline') limit 1),
          '{Good}')
        """) ?? "";
}
