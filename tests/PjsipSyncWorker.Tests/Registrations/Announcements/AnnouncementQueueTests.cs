using PjsipSyncWorker.Registrations.Announcements;

namespace PjsipSyncWorker.Tests.Registrations.Announcements;

public sealed class AnnouncementQueueTests
{
    private readonly AnnouncementQueue _queue = new();

    [Fact]
    public void The_newest_entries_are_taken_first()
    {
        _queue.Add([Entry("1001", 1), Entry("1002", 2), Entry("1003", 3)]);
        _queue.Add([Entry("1004", 4)]);

        Assert.Equal(["1004", "1003"], Ids(_queue.Take(2)));
        Assert.Equal(["1002", "1001"], Ids(_queue.Take(2)));
        Assert.Empty(_queue.Take(2));
        Assert.Equal(4, _queue.HighestRevision);
    }

    [Fact]
    public void An_endpoint_that_changes_again_is_announced_once()
    {
        _queue.Add([Entry("1001", 1), Entry("1002", 2)]);
        _queue.Add([Entry("1001", 3)]);

        Assert.Equal(2, _queue.Count);
        Assert.Equal(["1001", "1002"], Ids(_queue.Take(10)));
    }

    [Fact]
    public void An_endpoint_that_was_deleted_meanwhile_is_not_announced()
    {
        _queue.Add([Entry("1001", 1), Entry("1002", 2)]);
        _queue.Add([Entry("1001", 3) with { Announce = false }]);

        Assert.Equal(["1002"], Ids(_queue.Take(10)));
        Assert.Equal(3, _queue.HighestRevision);
    }

    [Fact]
    public void Removed_entries_are_not_taken_unless_they_changed_since()
    {
        AnnouncementLedger.Entry[] known = [Entry("1001", 1), Entry("1002", 2)];
        _queue.Add(known);
        _queue.Add([Entry("1002", 3)]);

        _queue.Remove(known);

        Assert.Equal(["1002"], Ids(_queue.All));
        Assert.Equal(["1002"], Ids(_queue.Take(10)));
        Assert.Equal(0, _queue.Count);
    }

    private static AnnouncementLedger.Entry Entry(string id, long revision) =>
        new(id, revision, Announce: true, QualifyFrequency: 60, ChangedAt: default);

    private static IEnumerable<string> Ids(IEnumerable<AnnouncementLedger.Entry> entries) => entries.Select(entry => entry.Id);
}
