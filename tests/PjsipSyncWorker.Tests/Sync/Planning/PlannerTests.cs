using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Sync.Planning;
using PjsipSyncWorker.Tests.Realtime;

namespace PjsipSyncWorker.Tests.Sync.Planning;

public sealed class PlannerTests
{
    private readonly RealtimeSchema _realtimeSchema = RealtimeSchemas.Asterisk();
    private readonly Mapper _mapper;

    public PlannerTests() => _mapper = new Mapper(_realtimeSchema, SettingsReader.Read(new ConfigurationBuilder().Build()).Realtime);

    [Fact]
    public void A_new_extension_is_created_and_asterisk_is_told()
    {
        var change = Assert.Single(Plan(["1001"], [Row("1", "1001")]).Changes);

        Assert.Equal(ChangeKind.Create, change.Kind);
        Assert.True(change.RequiresAnnouncement);
        Assert.Equal(3, change.Missing.Count);
    }

    [Fact]
    public void Correct_rows_are_left_alone()
    {
        var plan = Plan(["1001"], [Row("1", "1001")], Owned(Row("1", "1001")));

        Assert.True(plan.IsEmpty);
        Assert.Equal(1, plan.Unchanged);
    }

    [Fact]
    public void All_but_a_changed_password_is_told_to_asterisk()
    {
        var was = Owned(Row("1", "1001"));

        Assert.False(Assert.Single(Plan(["1001"], [Row("1", "1001") with { Password = "new" }], was).Changes).RequiresAnnouncement);
        Assert.True(Assert.Single(Plan(["1001"], [Row("1", "1001") with { DisplayName = "New" }], was).Changes).RequiresAnnouncement);
        Assert.True(Assert.Single(Plan(["1001"], [Row("1", "1001") with { MaxContacts = "9" }], was).Changes).RequiresAnnouncement);
    }

    [Fact]
    public void Missing_or_inactive_extension_is_deleted_or_released_if_adopted()
    {
        var was = Owned(Row("1", "1001"));

        Assert.Equal(ChangeKind.Delete, Assert.Single(Plan(["1001"], [], was).Changes).Kind);
        Assert.Equal(ChangeKind.Delete, Assert.Single(Plan(["1001"], [Row("1", "1001") with { Active = false }], was).Changes).Kind);
        Assert.Equal(ChangeKind.Release, Assert.Single(Plan(["1001"], [], Owned(Row("1", "1001"), adopted: true)).Changes).Kind);
    }

    [Fact]
    public void A_renumbered_extension_frees_its_old_endpoint()
    {
        var plan = Plan(["1001", "1002"], [Row("1", "1002")], Owned(Row("1", "1001")));

        Assert.Equal([(ChangeKind.Create, "1002"), (ChangeKind.Delete, "1001")], plan.Changes.Select(change => (change.Kind, change.Id)));
    }

    [Fact]
    public void A_bad_extension_keeps_what_it_had()
    {
        var plan = Plan(["1001"], [Row("1", "1001") with { Password = "" }], Owned(Row("1", "1001")));

        Assert.Empty(plan.Changes);
        Assert.Equal("1", Assert.Single(plan.NewRejections).RowKey);
    }

    [Fact]
    public void The_owner_keeps_its_number_whatever_the_order()
    {
        var rows = new[] { Row("1", "1001"), Row("2", "1001") };
        foreach (var owner in new[] { "1", "2" })
        {
            foreach (var order in new[] { rows, [.. rows.Reverse()] })
            {
                var plan = Plan(["1001"], order, Owned(Row(owner, "1001")));
                Assert.Empty(plan.Changes);
                Assert.NotEqual(owner, Assert.Single(plan.NewRejections).RowKey);
            }
        }
    }

    [Fact]
    public void A_row_of_somebody_else_is_not_taken()
    {
        var theirs = new Dictionary<string, ActualEndpoint> { ["carrier"] = Rows(new string?[_realtimeSchema.Columns.Count],
            [true, false, false]) };

        var plan = new Planner(_realtimeSchema, adopt: false).Plan(["carrier"], State([Row("1", "carrier")], [], theirs));
        Assert.Empty(plan.Changes);
        Assert.Contains("did not make", Assert.Single(plan.NewRejections).Reason, StringComparison.Ordinal);

        var adopted = new Planner(_realtimeSchema, adopt: true).Plan(["carrier"], State([Row("1", "carrier")], [], theirs));
        Assert.True(Assert.Single(adopted.Changes).IsAdopted);
    }

    [Fact]
    public void Name_of_a_servers_own_file_is_rejected_and_an_old_owner_keeps_it()
    {
        var reserved = new Dictionary<string, string> { ["1001"] = "pjsip.conf of pbx1" };
        var (owners, target) = Owned(Row("1", "1001"));
        foreach (var state in new[] { State([Row("1", "1001")], [], []), State([Row("1", "1001")], owners, target) })
        {
            var plan = new Planner(_realtimeSchema, adopt: false).Plan(["1001"], state with { Reserved = reserved });

            Assert.Empty(plan.Changes);
            Assert.StartsWith("number 1001 is the name of an object in pjsip.conf of pbx1", Assert.Single(plan.NewRejections).Reason,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Known_rejection_is_not_rewritten_and_a_repaired_one_is_cleared()
    {
        var known = new Rejection("1", "1001", "password is empty: SIP needs the clear text, or md5_cred in settings.auth");

        var same = new Planner(_realtimeSchema, false).Plan(["1001"], State([Row("1", "1001") with { Password = "" }], [], [], known));
        Assert.True(same.IsEmpty);
        Assert.Equal(1, same.Rejected);

        Assert.Equal(["1"], new Planner(_realtimeSchema, false).Plan(["1001"], State([Row("1", "1001")], [], [], known)).Repaired
            .Select(repaired => repaired.RowKey));
    }

    private Plan Plan(string[] ids, Extension[] rows,
        (Dictionary<string, ManagedEndpoint> Owners, Dictionary<string, ActualEndpoint> Target)? was = null) =>
        new Planner(_realtimeSchema, adopt: false).Plan(ids, State(rows, was?.Owners ?? [], was?.Target ?? []));

    private SyncState State(Extension[] rows, Dictionary<string, ManagedEndpoint> owners, Dictionary<string, ActualEndpoint> target,
        params Rejection[] rejected) =>
        new()
        {
            Candidates = [.. rows.Where(row => row.Active).Select(row => Candidate.Map(row, _mapper))],
            Managed = owners,
            Actual = target,
            Rejected = rejected.ToDictionary(rejection => rejection.RowKey),
        };

    private (Dictionary<string, ManagedEndpoint>, Dictionary<string, ActualEndpoint>) Owned(Extension extension, bool adopted = false)
    {
        Assert.True(_mapper.TryMap(extension, out var mapped, out _));
        var values = new string?[_realtimeSchema.Columns.Count];
        mapped.CopyTo(values);
        return (new() { [mapped.Id] = new ManagedEndpoint(mapped.RowKey, adopted, mapped.Columns, Deleted: false) },
            new() { [mapped.Id] = Rows(values, [true, true, true]) });
    }

    private static ActualEndpoint Rows(string?[] byIndex, bool[] present) =>
        new(byIndex, [.. Enumerable.Range(0, byIndex.Length)], present);

    private static Extension Row(string key, string number) => new(key, number, true, "secret");
}
