using Microsoft.Extensions.Time.Testing;
using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Tests.Registrations.Announcements;

public sealed class UnloadableEndpointsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Each_is_tried_again_at_growing_intervals_of_its_own()
    {
        var endpoints = new UnloadableEndpoints(_time);
        endpoints.Add("1001");
        _time.Advance(TimeSpan.FromSeconds(6));
        endpoints.Add("1002");
        Assert.Equal(TimeSpan.FromSeconds(4), endpoints.NextRetry);

        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(["1001"], endpoints.Due);
        endpoints.Add("1001");
        Assert.Equal(TimeSpan.FromSeconds(6), endpoints.NextRetry);

        endpoints.Remove("1002");
        Assert.Equal(TimeSpan.FromSeconds(20), endpoints.NextRetry);
        endpoints.Remove("1001");
        Assert.Null(endpoints.NextRetry);
        Assert.Null(endpoints.Note);
    }

    [Fact]
    public void A_person_reads_some_names_and_how_many_there_are()
    {
        var endpoints = new UnloadableEndpoints(_time);
        foreach (var id in new[] { "1005", "1001", "1003", "1002" })
            endpoints.Add(id);

        Assert.StartsWith("Asterisk cannot load 1001, 1002, 1003 and 1 more ", endpoints.Note, StringComparison.Ordinal);
    }
}
