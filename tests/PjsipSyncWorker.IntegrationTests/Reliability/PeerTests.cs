
namespace PjsipSyncWorker.IntegrationTests.Reliability;

/// <summary>What listens where an Asterisk should may be anything.</summary>
public sealed class PeerTests(PostgresServer server)
{
    [Fact]
    public async Task Hostile_peers_cost_neither_memory_nor_another_servers_phones()
    {
        await using var database = await SyncRig.InstalledAsync(server);
        var peers = HostilePeer.Kinds.ToDictionary(kind => kind.Key, kind => kind.Value());
        var pbx = new FakePbx { AnswersSnapshots = true };
        await using var ami = new FakeAmi { Answer = pbx.Answer };
        var metrics = $"Metrics__Port={Ports.Next()}";
        await using var worker = await WorkerProcess.StartAsync(database,
        [
            metrics, .. FakePbx.Node(ami),
            .. peers.Values.SelectMany((peer, i) => new[] { $"Asterisk__Nodes__{i + 1}__Name=peer{i}",
                $"Asterisk__Nodes__{i + 1}__Port={peer.Port}", $"Asterisk__Nodes__{i + 1}__Secret=x" }),
        ]);
        await database.ExecuteAsync("insert into extensions (number, password) values ('1001', 'x'), ('1002', 'x')");
        await Expect.RefreshedAsync(database);
        var before = worker.ResidentMegabytes;

        // Until each that can be given up was given up.
        foreach (var (kind, peer) in peers.Where(peer => peer.Key is not "a list of it has no end"))
            await Eventually.True(() => Task.FromResult(peer.Visits > 1), TimeSpan.FromSeconds(40));
        foreach (var comes in new[] { true, false })
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            await ami.SayAsync(() => pbx.Say("1001", comes));
            await Eventually.Equal(comes ? "online" : "offline",
                () => database.ScalarAsync<string>("select status from extensions where number = '1001'"));
            await Measurements.RecordAsync($"beside eight hostile peers a phone {(comes ? "comes" : "goes")}", watch.Elapsed);
        }
        await database.ExecuteAsync("delete from extensions where number = '1002'");
        await Eventually.Equal("1001", () => database.ScalarAsync<string>("select string_agg(id, ',') from ps_endpoints"));

        Assert.Equal(0, (await WorkerProcess.CommandAsync(database, [metrics], "health")).ExitCode);
        await Measurements.MegabytesAsync("eight hostile peers: memory before and after", before, worker.ResidentMegabytes);
        Assert.InRange(worker.ResidentMegabytes, 0, before + 250);
        foreach (var peer in peers.Values)
            peer.Dispose();
    }
}
