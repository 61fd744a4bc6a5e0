using Npgsql;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Tests.Postgres;

public sealed class BisectionTests
{
    [Theory]
    [InlineData(1, "", 1)]
    [InlineData(8, "", 1)]
    [InlineData(1, "1", 1)]
    [InlineData(8, "5", 7)]
    [InlineData(7, "1,2,7", 11)]
    public async Task Only_items_that_fail_alone_are_left_out(int count, string bad, int attempts)
    {
        var failing = bad.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToHashSet();
        var (done, refused, made) = (new List<int>(), new List<int>(), 0);

        await Bisection.RunAsync(
            new ArraySegment<int>([.. Enumerable.Range(1, count)]),
            part =>
            {
                made++;
                if (part.Any(failing.Contains))
                    return Task.FromResult<PostgresException?>(new PostgresException("", "ERROR", "ERROR", "22P02"));
                done.AddRange(part);
                return Task.FromResult<PostgresException?>(null);
            },
            Bisection.Halves,
            (part, error) => refused.AddRange(part));

        Assert.Equal(failing.Order(), refused);
        Assert.Equal(Enumerable.Range(1, count).Where(item => !failing.Contains(item)), done);
        Assert.Equal(attempts, made);
    }

    [Fact]
    public async Task Another_error_ends_the_bisection() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Bisection.RunAsync(
            new ArraySegment<int>([1, 2]), _ => throw new InvalidOperationException(), Bisection.Halves, (_, _) => { }));
}
