using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Schema;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Tests.Diagnostics;

namespace PjsipSyncWorker.Tests.Sync;

/// <summary>What the log says of a batch and of a comparison.</summary>
public sealed class SyncReporterTests
{
    [Fact]
    public void Numbers_of_a_batch_add_up()
    {
        var log = Report(Batch(10, new Plan
        {
            Changes = [Change(ChangeKind.Create, "1"), Change(ChangeKind.Update, "2"), Change(ChangeKind.Delete, "3"),
                Change(ChangeKind.Release, "4")],
            Rejected = 2,
        }));

        Assert.Equal(
            ["Information: Applied 10 changes in 7 ms: 1 created, 1 updated, 4 unchanged, 1 removed, 1 released, 2 rejected"], log);
    }

    [Fact]
    public void One_change_is_singular() => Assert.Equal(
        ["Information: Applied 1 change in 7 ms: 0 created, 0 updated, 1 unchanged, 0 removed, 0 released, 0 rejected"],
        Report(Batch(1, Plan.Empty)));

    [Fact]
    public void First_rejections_are_named_and_the_rest_counted()
    {
        var plan = new Plan { NewRejections = [.. Enumerable.Range(1, 1000).Select(Rejection)], Rejected = 1000 };

        var log = Report(Batch(1000, plan));

        Assert.Equal(7, log.Count);
        Assert.Equal("Warning: Rejected n1: password is empty", log[1]);
        Assert.Equal("Warning: Rejected 995 more extensions at the same time: pjsip_sync.rejected has the reasons", log[6]);
        Assert.Equal(1001, Report(Batch(1000, plan), LogLevel.Debug).Count);
    }

    [Fact]
    public void A_rejection_without_a_number_names_its_row() => Assert.Contains(
        "Warning: Rejected the row with the key 17: number is empty",
        Report(Batch(1, new Plan { NewRejections = [new Rejection("17", null, "number is empty")], Rejected = 1 })));

    [Fact]
    public void Repaired_extensions_are_named() => Assert.Contains("Information: No longer rejected: n1, n2",
        Report(Batch(2, new Plan { Repaired = [Rejection(1), Rejection(2)] })));

    [Fact]
    public void A_comparison_names_what_it_rejected()
    {
        var result = new ReconcileResult { Elapsed = TimeSpan.FromMilliseconds(7) };
        result.Add(new Plan { NewRejections = [.. Enumerable.Range(1, 1000).Select(Rejection)], Rejected = 1000, Unchanged = 3 });
        result.HoldBack(1, 4);
        var log = new LogLines<SyncService>();

        new SyncReporter(log).Ready(result);

        Assert.Equal("Information: Sync is ready: full comparison in 7 ms: 0 created, 0 updated, 3 unchanged, 0 removed, 0 released, "
            + "1000 rejected, 1 held back", log.Lines[0]);
        Assert.Equal("Warning: Rejected 995 more extensions at the same time: pjsip_sync.rejected has the reasons", log.Lines[6]);
        Assert.StartsWith("1 of 4 endpoints has no active extension", result.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_column_that_is_missing_is_no_warning()
    {
        var log = new LogLines<SyncService>();
        var reporter = new SyncReporter(log);
        var faults = new MappingFaults(["codecs is not read"], ["last_registered_ip is not written"]);

        reporter.LeftOutOfSource(faults);
        reporter.LeftOutOfSource(faults);

        Assert.Equal(
            ["Warning: Left out: codecs is not read", "Information: An optional column is missing: last_registered_ip is not written"],
            log.Lines);
    }

    private static List<string> Report(BatchResult batch, LogLevel least = LogLevel.Information)
    {
        var log = new LogLines<SyncService>(least);
        new SyncReporter(log).Applied(batch);
        return log.Lines;
    }

    private static BatchResult Batch(long changes, Plan plan) =>
        new() { Plan = plan, Changes = changes, Elapsed = TimeSpan.FromMilliseconds(7), FullResyncs = [], HasMore = false };

    private static Rejection Rejection(int n) => new($"{n}", $"n{n}", "password is empty");

    private static EndpointChange Change(ChangeKind kind, string id) =>
        new() { Kind = kind, Id = id, RowKey = id, IsAdopted = false, HasEntry = true, RequiresAnnouncement = true };
}
