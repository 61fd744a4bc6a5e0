using Npgsql;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Tests.Verification;

/// <summary>What only an Asterisk that nobody has at hand can show: an old release, one that does not finish booting.</summary>
public sealed class NodeChecksTests
{
    [Theory]
    [InlineData("11.25.3", Outcome.Fail, "Asterisk 13 and newer")]
    [InlineData("16.30.1", Outcome.Warn, "no security fixes")]
    [InlineData("22.10.1", Outcome.Pass, null)]
    [InlineData("GIT-master-123", Outcome.Pass, null)]
    public async Task The_release_is_judged(string version, object outcome, string? advice)
    {
        var check = await CheckAsync("asterisk.version", "Event: FullyBooted\r\n\r\n",
            action => FakeAmi.Success(action, $"AsteriskVersion: {version}\r\n"));

        Assert.Equal(outcome, check.Outcome);
        Assert.Equal($"Asterisk {version}", check.Found);
        Assert.Contains(advice ?? "", check.Advice ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_asterisk_that_does_not_finish_booting_is_waited_for_only_so_long()
    {
        var check = await CheckAsync("asterisk.booted", "", action => FakeAmi.Error(action, "Invalid/unknown command"));

        Assert.Equal(Outcome.Fail, check.Outcome);
        Assert.Contains("has not finished booting", check.Found, StringComparison.Ordinal);
        Assert.Contains("a module that hangs", check.Advice, StringComparison.Ordinal);
    }

    private static async Task<CheckReport> CheckAsync(string name, string afterLogin, Func<FakeAction, string> answer)
    {
        await using var fake = new FakeAmi
        {
            AnswerLogin = action => action.Name == "Login" ? FakeAmi.Success(action) + afterLogin : null,
            Answer = answer,
        };
        var node = new NodeSettings { Name = "pbx1", Host = "127.0.0.1", Port = fake.Port, Username = "tester", Secret = FakeAmi.Secret };
        var settings = new WorkerSettings();
        await using var dataSource = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1");
        await using var checks = new NodeChecks(node, settings, dataSource, []);
        var list = new CheckRunner(fix: false, _ => { });
        await list.RunAsync(checks.Checks.Where(step => step.Name is NodeChecks.Login or NodeChecks.Booted || step.Name == name), default);
        return list.Reports.First(check => check.Name == name);
    }
}
