using Npgsql;

namespace PjsipSyncWorker.Bench.Baselines;

/// <summary>
/// What one writes first: a NOTIFY with the number for each row, a listener that upserts its three rows in one round trip. What
/// happens while it is away is lost.
/// </summary>
internal sealed class PlainListener : IAsyncDisposable
{
    private static readonly string[] Upserts =
    [
        """
            insert into ps_aors (id, max_contacts, qualify_frequency, remove_existing, remove_unavailable)
              select number, 5, 60, 'yes', 'yes' from extensions where number = $1 on conflict (id) do update
              set max_contacts = excluded.max_contacts
            """,
        """
            insert into ps_auths (id, auth_type, username, password) select number, 'userpass', number, password from extensions
              where number = $1 on conflict (id) do update set password = excluded.password
            """,
        """
            insert into ps_endpoints (id, aors, auth, context, disallow, allow, direct_media, rewrite_contact, force_rport,
              rtp_symmetric, callerid) select number, number, number, 'internal', 'all', 'ulaw,alaw', 'no', 'yes', 'yes', 'yes',
              '<' || number || '>' from extensions where number = $1 on conflict (id) do update set callerid = excluded.callerid
            """,
    ];

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private PlainListener(NpgsqlConnection listening, NpgsqlConnection writing) => _running = RunAsync(listening, writing);

    public static async Task<PlainListener> StartAsync(BenchDatabase database)
    {
        await database.ExecuteAsync("""
            create function tell() returns trigger language plpgsql as $$ begin perform pg_notify('plain', new.number); return null; end $$;
            create trigger tell after insert or update on extensions for each row execute function tell();
            """);
        var listening = await database.OpenAsync();
        await using (var listen = new NpgsqlCommand("listen plain", listening))
            await listen.ExecuteNonQueryAsync();
        return new PlainListener(listening, await database.OpenAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(NpgsqlConnection listening, NpgsqlConnection writing)
    {
        await using (listening)
        await using (writing)
        {
            await using var batch = new NpgsqlBatch(writing);
            var numbers = Upserts.Select(_ => new NpgsqlParameter<string> { TypedValue = "" }).ToArray();
            foreach (var (sql, number) in Upserts.Zip(numbers))
                batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { number } });
            var heard = new Queue<string>();
            listening.Notification += (_, notification) => heard.Enqueue(notification.Payload);
            await batch.PrepareAsync();
            while (!_stop.IsCancellationRequested)
            {
                await listening.WaitAsync(_stop.Token);
                while (heard.TryDequeue(out var changed))
                {
                    foreach (var number in numbers)
                        number.TypedValue = changed;
                    await batch.ExecuteNonQueryAsync(_stop.Token);
                }
            }
        }
    }
}
