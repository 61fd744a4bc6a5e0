using CsCheck;
using PjsipSyncWorker.Registrations.Contacts;
using static PjsipSyncWorker.Tests.Registrations.Contacts.ContactTrackerRig;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

/// <summary>Contacts of several servers in one ps_contacts.</summary>
public sealed class SharedContactTests
{
    private readonly ContactTrackerRig _rig = new();

    [Fact]
    public void Only_a_removal_takes_a_shared_contact_from_other_nodes_too()
    {
        var tracker = _rig.Empty();
        // Heard before it is known that others report here as well.
        tracker.OnContactStatus(Anna, "NonQualified", null);
        tracker.OnContactStatus(Bert, "NonQualified", null);
        tracker.Acknowledge(tracker.DequeueChanges());

        tracker.BeginSnapshot();
        tracker.EndSnapshot(new() { [Bert] = _rig.Seen() }, [], shared: true);
        tracker.OnContactStatus(Bert, "Removed", null);

        Assert.Equal([new GoneContact(Anna, FromAllNodes: false), new GoneContact(Bert, FromAllNodes: true)],
            tracker.DequeueChanges().Gone.OrderBy(gone => gone.FromAllNodes));
    }

    [Fact]
    public void First_snapshot_with_shared_contacts_is_repeated_after_events()
    {
        var tracker = _rig.Empty();
        tracker.BeginSnapshot();
        tracker.OnContactStatus(Anna, "NonQualified", null);
        Assert.True(tracker.EndSnapshot([], [], shared: true));

        tracker.BeginSnapshot();
        tracker.OnContactStatus(Bert, "NonQualified", null);
        Assert.False(tracker.EndSnapshot([], [], shared: true));
        Assert.Empty(tracker.DequeueChanges().Contacts);
    }

    /// <summary>
    /// Three phones, two servers, one ps_contacts: 12 events each (registers at a server, is removed by a server, heard of by a server), 2
    /// snapshots, 2 loads.
    /// </summary>
    [Fact]
    public void With_a_shared_table_no_server_takes_away_what_another_has_registered()
    {
        Gen.Int[0, 21].Array[0, 80].Sample(steps =>
        {
            var trackers = new[] { _rig.Empty(), _rig.Empty() };
            var phones = new[] { Anna, Anna with { Uri = "sip:1001@192.0.2.9" }, Bert };
            var table = new Dictionary<ContactKey, int>();
            var written = new HashSet<(int Node, ContactKey Key)>();
            var settled = new HashSet<ContactKey>();
            foreach (var step in steps)
            {
                var (key, node) = (phones[step % 3], step / 3 % 2);
                _rig.Time.Advance(TimeSpan.FromSeconds(1));
                if (step < 6)
                {
                    table[key] = node;
                    settled.Remove(key);
                    trackers[node].OnContactStatus(key, "NonQualified", null);
                }
                else if (step < 12 && table.Remove(key))
                {
                    settled.Remove(key);
                    trackers[node].OnContactStatus(key, "Removed", null);
                }
                else if (step is >= 12 and < 18 && table.ContainsKey(key))
                    trackers[node].OnContactStatus(key, "NonQualified", null);
                else if (step is 18 or 19)
                    Look(step - 18);
                else if (step is 20 or 21)
                    trackers[step - 20].SetStored(written.Where(row => row.Node == step - 20)
                        .ToDictionary(row => row.Key, _ => _rig.Seen()), []);
                Write(trackers[node], node);
                if (!settled.All(phone => written.Contains((table[phone], phone))))
                    return false;
            }
            for (var again = 0; again < 2; again++)
                for (var node = 0; node < 2; node++)
                {
                    Look(node);
                    Write(trackers[node], node);
                    trackers[node].SetStored(written.Where(row => row.Node == node).ToDictionary(row => row.Key, _ => _rig.Seen()), []);
                }
            return written.SetEquals(table.Select(row => (row.Value, row.Key)));

            void Look(int node)
            {
                trackers[node].BeginSnapshot();
                trackers[node].EndSnapshot(table.Where(row => row.Value == node).ToDictionary(row => row.Key, _ => _rig.Seen()), [],
                    table.Any(row => row.Value != node));
                Write(trackers[node], node);
                settled.UnionWith(table.Where(row => row.Value == node).Select(row => row.Key));
            }

            void Write(ContactTracker tracker, int node)
            {
                var changes = tracker.DequeueChanges();
                foreach (var (key, everywhere) in changes.Gone)
                    written.RemoveWhere(row => row.Key == key && (everywhere || row.Node == node));
                written.UnionWith(changes.Contacts.Where(contact => contact.Registered || !changes.Shared
                    || written.Contains((node, contact.Key))).Select(contact => (node, contact.Key)));
                tracker.Acknowledge(changes);
            }
        }, iter: 1000, threads: 1);
    }
}
