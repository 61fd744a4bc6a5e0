
namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Whatever phones, Asterisk and the worker do: when things are quiet, the table says what Asterisk says.</summary>
public sealed class TruthTests(PostgresServer server)
{
    /// <summary>Things are quiet for two seconds, and two seconds later they agree.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2 + 2);

    [Fact]
    public async Task Status_agrees_with_asterisk_whenever_things_are_quiet()
    {
        var seed = TestRunOptions.Seed;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await using var database = await server.CreateDatabaseAsync();
        await SyncRig.InstallAsync(database, SyncRig.Read(database), createExtensions: true);
        await using var asterisk = await AsteriskServer.StartAsync(database.ConnectionString);
        var worker = await WorkerProcess.StartAsync(database, [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=00:00:10"]);
        // These phones answer no OPTIONS while they wait.
        await database.ExecuteAsync("""
            insert into extensions (number, password, settings)
              select g::text, 'x', '{"aor":{"qualify_frequency":0,"minimum_expiration":1}}' from generate_series(1001, 1005) g
            """);
        var phones = Enumerable.Range(0, 10).Select(i => new SipPhone(asterisk, $"{1001 + i % 5}", "x", $"127.0.0.{11 + i}")).ToArray();
        await Expect.RefreshedAsync(database);

        for (var round = 0; round < 36; round++)
        {
            for (var step = random.Next(1, 6); step > 0; step--)
            {
                var phone = phones[random.Next(phones.Length)];
                await (random.Next(8) switch
                {
                    0 or 1 or 2 or 3 => phone.RegisterAsync(300),
                    4 => phone.RegisterAsync(3),
                    _ => phone.UnregisterAsync(),
                });
            }
            switch (random.Next(6))
            {
                case 0:
                    await worker.KillAsync();
                    await phones[random.Next(phones.Length)].RegisterAsync(300);
                    await phones[random.Next(phones.Length)].UnregisterAsync();
                    worker = await WorkerProcess.StartAsync(database,
                        [.. asterisk.WorkerSettings(), "Asterisk__SnapshotInterval=00:00:10"]);
                    break;
                case 1:
                    await asterisk.RestartAsync();
                    break;
            }
            await AsteriskStatusAssert.AgreesAsync(asterisk, database, $"seed {seed}, round {round}", Quiet);
        }
        await worker.DisposeAsync();
    }
}
