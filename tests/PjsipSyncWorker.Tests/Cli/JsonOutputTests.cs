using PjsipSyncWorker.Cli;
using PjsipSyncWorker.Verification;

namespace PjsipSyncWorker.Tests.Cli;

/// <summary>The texts that programs read: each key, its order, and which values are null and which are absent.</summary>
public sealed class JsonOutputTests
{
    private static readonly DateTime Moment = new(2026, 3, 1, 12, 30, 0, DateTimeKind.Utc);

    [Fact]
    public void Status_has_all_keys_but_those_of_an_unknown_time() => Assert.Equal(
        """{"number":"1001","name":null,"status":"online","device_state":"INUSE","problems":["x \u0022y\u0022"],"contacts":["""
        + """{"node":"pbx1","uri":"sip:1001@192.0.2.7","status":"Reachable","address":"192.0.2.7","via_address":"""
        + """null,"user_agent":"Zo\u00EB","round_trip_ms":12.5,"since":"2026-03-01T12:30:00Z","expires":"2026-03-01T12:35:00Z"},"""
        + """{"node":"pbx1","uri":"sip:1001@b","status":"NonQualified","address":"""
        + """null,"via_address":"b","user_agent":null,"since":"2026-03-01T12:30:00Z"}],"row_key":"7","""
        + """
            "device_state_since":"2026-03-01T12:30:00Z","last_registered_at":null,"last_registered_ip":"192.0.2.7"}
            """,
        JsonText.Write(writer => StatusJson.Write(writer, new ExtensionStatus(
            "1001", null, "7", "online", "INUSE", Moment, null, "192.0.2.7", [new ExtensionProblem("x \"y\"", null, Moment)],
        [
            new ContactStatus("pbx1", "sip:1001@192.0.2.7", "Reachable", "192.0.2.7", null, "Zoë", TimeSpan.FromMilliseconds(12.5), Moment,
                Moment.AddMinutes(5)),
            new ContactStatus("pbx1", "sip:1001@b", "NonQualified", null, "b", null, null, Moment, null),
        ]))));

    [Fact]
    public void Verification_JSON_has_the_worst_outcome_and_no_unread_registrations() => Assert.Equal(
        """{"outcome":"fail","checks":[{"name":"a","node":null,"outcome":"pass","found":"f","advice":null,"fixed":"done"},"""
        + """{"name":"b","node":"pbx1","outcome":"fail","found":"g","advice":"do","fixed":null}]}""",
        VerifyReport.Json([new CheckReport("a", null, Outcome.Pass, "f", null, "done"),
            new CheckReport("b", "pbx1", Outcome.Fail, "g", "do", null)], null));

    [Fact]
    public void Verification_counts_the_registrations() => Assert.Equal(
        """{"outcome":"warn","checks":[{"name":"a","node":null,"outcome":"warn","found":"f","advice":null,"fixed":null},"""
        + """{"name":"b","node":null,"outcome":"skip","found":"g","advice":null,"fixed":null}],"registrations":"""
        + """{"total":3,"online":2,"contacts_by_node":{"pbx1":2},"contacts_by_transport":{"udp":1,"tls":1}}}""",
        VerifyReport.Json(
            [new CheckReport("a", null, Outcome.Warn, "f", null, null), new CheckReport("b", null, Outcome.Skip, "g", null, null)],
            new RegistrationStatistics(3, 2, new Dictionary<string, long> { ["pbx1"] = 2 },
                new Dictionary<string, long> { ["udp"] = 1, ["tls"] = 1 })));
}
