using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Tests.Postgres;

public sealed class DataSourceTests
{
    [Theory]
    [InlineData("Host=x", "pjsip-sync-worker", 5, 10)]
    [InlineData("Host=x;Application Name=mine;Timeout=7;CommandTimeout=8", "mine", 7, 8)]
    [InlineData("Host=x;Timeout=15;Command Timeout=30", "pjsip-sync-worker", 15, 30)]
    public async Task Connection_settings_that_are_not_given_have_defaults(string given, string name, int timeout, int commandTimeout)
    {
        await using var dataSource = DataSource.Create(given);

        var used = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        Assert.Equal((name, timeout, commandTimeout), (used.ApplicationName, used.Timeout, used.CommandTimeout));
    }
}
