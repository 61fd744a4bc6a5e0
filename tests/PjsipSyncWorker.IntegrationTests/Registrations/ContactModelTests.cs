using CsCheck;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Nodes;
using static PjsipSyncWorker.IntegrationTests.Registrations.TrackedNode;

namespace PjsipSyncWorker.IntegrationTests.Registrations;

/// <summary>Contacts in random orders of events, compared with a model of Asterisk.</summary>
public sealed class ContactModelTests(PostgresServer server)
{
    [Fact]
    public async Task Three_contacts_in_every_order_give_the_status_that_a_model_gives()
    {
        await using var rig = await SyncRig.CreateAsync(server);
        await rig.ChangeAsync("insert into extensions (number, password) values ('1001', 'x')");
        await using var store = (await NodeLease.TryAcquireAsync(rig.DataSource, "pbx1", TimeProvider.System, default))!;
        await store.Contacts.LoadAsync(new ContactTracker(TimeProvider.System), default);
        await rig.Database.ExecuteAsync("update pjsip_sync.node set last_seen_at = 'infinity'");

        await Gen.Int[0, 3 * Enum.GetValues<Step>().Length - 1].Array[1, 20].SampleAsync(async walk =>
        {
            await rig.Database.ExecuteAsync(
                "delete from pjsip_sync.contact; update extensions set status = 'offline', last_registered_ip = null");
            var model = new Model(new ContactTracker(TimeProvider.System));
            await store.Contacts.LoadAsync(model.Book, default);
            model.Snapshot();
            foreach (var step in walk)
            {
                model.Take((Step)(step / 3), Phones[step % 3]);
                var changes = model.Book.DequeueChanges();
                await store.Contacts.WriteAsync(changes, default);
                model.Book.Acknowledge(changes);
                await rig.WriteStatusAsync();
                Assert.Equal([model.Expected], await rig.Database.RowsAsync("""
                    select status, coalesce(host(last_registered_ip), '-'), (select contacts from pjsip_sync.registration)
                      from extensions
                    """));
            }
        }, iter: 60, threads: 1);
    }

    private enum Step { Register, Refresh, Miss, Answer, Expire, Remove, Snapshot }

    /// <summary>
    /// Asterisk as it is: which phones are registered, which answer, which have expired; and the tracker that hears of it.
    /// </summary>
    private sealed class Model(ContactTracker tracker)
    {
        private readonly Dictionary<ContactKey, Phone> _phones = [];
        private int _clock;

        private readonly record struct Phone(string Status, DateTimeOffset Expires, int RegisteredAt);

        public ContactTracker Book => tracker;

        public string Expected
        {
            get
            {
                var live = _phones.Where(phone => phone.Value.Status != "Unreachable" && phone.Value.Expires > DateTimeOffset.UtcNow)
                    .OrderByDescending(phone => phone.Value.RegisteredAt).ToList();
                LastAddress = live.Count > 0 ? live[0].Key.Uri[9..][..9] : LastAddress;
                return $"{(live.Count > 0 ? "online" : "offline")}|{LastAddress}|{live.Count}";
            }
        }

        private string LastAddress { get; set; } = "-";

        public void Take(Step step, ContactKey key)
        {
            var there = _phones.TryGetValue(key, out var phone);
            // What has expired is not asked any more.
            var alive = there && phone.Expires > DateTimeOffset.UtcNow;
            var fresh = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1000 + ++_clock);
            switch (step)
            {
                case Step.Register when !there:
                    Hear(key, new Phone("NonQualified", fresh, _clock), "NonQualified");
                    break;
                case Step.Register or Step.Refresh when there:
                    Hear(key, phone with { Expires = fresh, RegisteredAt = _clock }, "Updated");
                    break;
                case Step.Miss when alive:
                    Hear(key, phone with { Status = "Unreachable" }, "Unreachable");
                    break;
                case Step.Answer when alive:
                    Hear(key, phone with { Status = "Reachable" }, "Reachable");
                    break;
                case Step.Expire when there:
                    // No event tells of the time that passed; the snapshot before said when it would.
                    _phones[key] = phone with { Expires = DateTimeOffset.FromUnixTimeSeconds(
                        DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 1) };
                    Snapshot();
                    break;
                case Step.Remove when there:
                    _phones.Remove(key);
                    tracker.OnContactStatus(key, "Removed", null);
                    break;
                case Step.Snapshot:
                    Snapshot();
                    break;
            }
        }

        public void Snapshot()
        {
            tracker.BeginSnapshot();
            tracker.EndSnapshot(_phones.ToDictionary(phone => phone.Key, phone => Seen() with
            {
                Status = phone.Value.Status,
                Address = ContactUri.TryParse(phone.Key.Uri, out var uri) ? uri.Address : null,
                ExpiresAt = phone.Value.Expires,
            }), []);
        }

        private void Hear(ContactKey key, Phone phone, string status)
        {
            _phones[key] = phone;
            tracker.OnContactStatus(key, status, null);
        }
    }
}
