
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>More events than a real Asterisk could be made to send, through a real socket into the real worker.</summary>
public sealed class FloodTests(PostgresServer server)
{
    private const int Events = 100_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flood_of_events_ends_with_the_state_that_a_snapshot_gives(bool snapshotsAmongThem)
    {
        await using var database = await SyncRig.InstalledAsync(server);
        await database.ExecuteAsync("insert into extensions (number, password) select g::text, 'x' from generate_series(1000, 1299) g");
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        await using var worker = await WorkerProcess.StartAsync(database,
            [.. FakePbx.Node(ami), "Asterisk__SnapshotInterval=01:00:00", "Asterisk__RefreshesPerSecond=1000"]);
        await Expect.RefreshedAsync(database);
        await Eventually.True(() => Task.FromResult(pbx.Snapshots > 0));

        // Without snapshots among them the events alone have to bring the state about.
        pbx.AnswersSnapshots = snapshotsAmongThem;
        var random = new Random(20261123);
        for (var sent = 0; sent < Events; sent += 100)
            await ami.SayAsync(() => pbx.Happen(random, 100));

        await Eventually.Equal(pbx.Contacts, () => ContactsAsync(database), TimeSpan.FromSeconds(10));
        await ami.SayAsync(pbx.CatchUp);

        // Agents are told by snapshots only: when they are there, one was taken in.
        await Eventually.Equal(0L, () => database.ScalarAsync<long>("select count(*) from pjsip_sync.contact where user_agent is null"));
        Assert.Equal(pbx.Contacts, await ContactsAsync(database));
        await Eventually.Equal(pbx.Online, async () => string.Join(',',
            await database.RowsAsync("select number from extensions where status = 'online' order by 1")));
        Assert.False(worker.HasExited);
    }

    private static async Task<string> ContactsAsync(TestDatabase database) =>
        string.Join('\n', await database.RowsAsync("select uri, status from pjsip_sync.contact order by uri collate \"C\""));
}
