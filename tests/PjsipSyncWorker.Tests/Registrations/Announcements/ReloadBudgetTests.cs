using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Tests.Registrations.Announcements;

public sealed class ReloadBudgetTests
{
    [Theory]
    [InlineData(0.5, 10)]
    [InlineData(8, 80)]
    public void Reloads_take_a_tenth_of_the_time_at_most(double took, double wait)
    {
        var time = new FakeTimeProvider();
        var budget = new ReloadBudget(time);
        Assert.Equal(TimeSpan.Zero, budget.Wait);

        budget.Spend(TimeSpan.FromSeconds(took));

        Assert.Equal(TimeSpan.FromSeconds(wait), budget.Wait);
        time.Advance(TimeSpan.FromSeconds(wait));
        Assert.Equal(TimeSpan.Zero, budget.Wait);
    }
}
