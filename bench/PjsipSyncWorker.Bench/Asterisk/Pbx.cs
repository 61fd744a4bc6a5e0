using Npgsql;

namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>
/// What an operator has after the README: a database with extensions, an Asterisk with the files of <c>render-config</c>, the
/// worker.
/// </summary>
internal sealed class Pbx : IAsyncDisposable
{
    /// <summary>The number of the first extension.</summary>
    private const int First = 100_000;

    /// <summary>A worker that was just started looks at Asterisk every two seconds for so long, which is not what is measured.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(11);

    private readonly AsteriskFiles _files;
    private BenchWorker? _worker;
    private int _extensions;

    private Pbx(BenchDatabase database, RealAsterisk asterisk, AsteriskFiles files, NpgsqlConnection looker, int extensions) =>
        (Database, Asterisk, _files, Looker, _extensions) = (database, asterisk, files, looker, extensions);

    public BenchDatabase Database { get; }

    public RealAsterisk Asterisk { get; }

    /// <summary>A session that looks whether something has come.</summary>
    public NpgsqlConnection Looker { get; }

    /// <summary>The phones of all extensions, those that were added last.</summary>
    public IEnumerable<Phone> Phones => Phone.Range(First, _extensions);

    /// <summary>Starts all three, and returns when Asterisk has been told of every extension and the worker is idle.</summary>
    /// <param name="contacts">Where registrations are kept: realtime (ps_contacts) or astdb.</param>
    public static async Task<Pbx> StartAsync(int extensions, string contacts)
    {
        var database = await BenchDatabase.InstalledAsync("--roles");
        var asterisk = new RealAsterisk();
        var files = await AsteriskFiles.RenderAsync(database, asterisk, contacts);
        await database.ExecuteAsync(Phone.Insert(First, extensions));
        await BenchWorker.CommandAsync(database, files.WorkerSettings, ["sync-extensions"]);
        await database.ExecuteAsync("vacuum analyze");
        await asterisk.StartAsync(files.Rendered);
        var pbx = new Pbx(database, asterisk, files, await database.OpenAsync(), extensions);
        await pbx.StartWorkerAsync();
        return pbx;
    }

    /// <summary>Returns when Asterisk has been told of every extension and the worker is idle.</summary>
    public async Task StartWorkerAsync()
    {
        _worker = await BenchWorker.StartAsync(Database, _files.WorkerSettings);
        if (!await IsToldAsync(Sizes.Limit, TimeSpan.FromMilliseconds(100)))
            throw new TimeoutException($"Asterisk was not told of {_extensions} extensions: {await StandingAsync()}");
        await Task.Delay(Unsettled);
    }

    public async Task StopWorkerAsync()
    {
        if (_worker is not null)
            await _worker.DisposeAsync();
        _worker = null;
    }

    /// <summary>Adds extensions in one statement, as an application does. Returns when the statement is committed.</summary>
    public async Task AddAsync(int count)
    {
        await Database.ExecuteAsync(Phone.Insert(First + _extensions, count));
        _extensions += count;
    }

    /// <summary>Waits until every change that is committed is applied and Asterisk was told of every endpoint.</summary>
    /// <param name="pause">Between two looks.</param>
    /// <returns>False when that was not so within the limit.</returns>
    public Task<bool> IsToldAsync(TimeSpan limit, TimeSpan pause) => BenchDatabase.IsSoonAsync(Looker, """
        select not exists (select from pjsip_sync.change) and exists (
          select from pjsip_sync.node where connected and degraded is null
            and refreshed_revision >= (select max(revision) from pjsip_sync.managed_endpoint))
        """, pause, limit);

    /// <summary>Describes, for the text of an error, what has not been told.</summary>
    public Task<string> StandingAsync() => Database.ScalarAsync<string>("""
        select format('%s changes wait, the highest revision is %s, node %s', (select count(*) from pjsip_sync.change),
          (select max(revision) from pjsip_sync.managed_endpoint),
                      (select to_jsonb(node) from pjsip_sync.node))
        """);

    /// <summary>How often this worker has told Asterisk something: single announcements, and reloads of PJSIP.</summary>
    public async Task<(double Announcements, double Reloads)> ToldAsync() =>
        (await _worker!.MetricAsync("pjsip_sync_announcement_duration_seconds_count"),
            await _worker.MetricAsync("pjsip_sync_asterisk_reload_duration_seconds_count"));

    public async ValueTask DisposeAsync()
    {
        await StopWorkerAsync();
        await Asterisk.DisposeAsync();
        await Looker.DisposeAsync();
        await Database.DisposeAsync();
        _files.Dispose();
    }
}
