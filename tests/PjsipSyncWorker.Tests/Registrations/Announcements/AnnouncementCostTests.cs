using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Tests.Registrations.Announcements;

public sealed class AnnouncementCostTests
{
    [Theory]
    [InlineData(1, 10_000, false)]
    [InlineData(500, 2_000, false)]
    [InlineData(1_000, 1_000, true)]
    // A reload would keep new registrations waiting for ten seconds.
    [InlineData(10_000, 20_000, false)]
    // After a boot without a database nothing is known.
    [InlineData(8_000, 8_000, true)]
    public void Server_with_the_view_is_reloaded_only_for_most_of_its_endpoints(int unknown, long endpoints, bool reload) =>
        Assert.Equal(reload, new AnnouncementCost(readsThroughView: true).IsReloadCheaper(unknown, endpoints, contacts: 0));

    [Theory]
    [InlineData(1, 10_000, false)]
    [InlineData(20, 10_000, true)]
    [InlineData(20, 100_000, true)]
    [InlineData(20, 100, false)]
    public void A_server_that_reads_all_for_each_announcement_is_reloaded_for_a_few(int unknown, long endpoints, bool reload) =>
        Assert.Equal(reload, new AnnouncementCost(readsThroughView: false).IsReloadCheaper(unknown, endpoints, contacts: 0));

    [Fact]
    public void Registered_phones_make_a_reload_longer()
    {
        var cost = new AnnouncementCost(readsThroughView: true);

        Assert.True(cost.IsReloadCheaper(2_500, 2_500, contacts: 0));
        Assert.False(cost.IsReloadCheaper(2_500, 2_500, contacts: 2_000));
        Assert.True(cost.IsReloadLong(10_000, contacts: 10_000));
    }

    [Fact]
    public void The_estimate_follows_what_commands_really_take()
    {
        var cost = new AnnouncementCost(readsThroughView: true);
        for (var i = 0; i < 100; i++)
            cost.SingleTook(TimeSpan.FromSeconds(2), 10_000);

        // odbc.ini does not name the server, say: each command reads all endpoints.
        Assert.True(cost.IsReloadCheaper(20, 10_000, contacts: 0));
    }

    [Fact]
    public void A_reload_that_took_long_is_not_chosen_again()
    {
        var cost = new AnnouncementCost(readsThroughView: true);
        Assert.True(cost.IsReloadCheaper(2_000, 2_000, contacts: 0));

        cost.ReloadTook(TimeSpan.FromSeconds(20), 2_000, contacts: 0);

        Assert.False(cost.IsReloadCheaper(2_000, 2_000, contacts: 0));
    }

    [Fact]
    public void Announcements_are_grouped_while_cheap_and_single_when_not()
    {
        var cost = new AnnouncementCost(readsThroughView: true);
        Assert.Equal(8, cost.WindowSize);

        for (var i = 0; i < 50; i++)
            cost.SingleTook(TimeSpan.FromMilliseconds(12), endpoints: 50_000);
        Assert.Equal(1, cost.WindowSize);

        for (var i = 0; i < 50; i++)
            cost.SingleTook(TimeSpan.FromMilliseconds(2), endpoints: 50_000);
        Assert.Equal(8, cost.WindowSize);
    }
}
