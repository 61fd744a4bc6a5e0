using System.Text;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>A simulated Asterisk whose 300 extensions have phones that register and unregister.</summary>
internal sealed class FakePbx
{
    private readonly SortedDictionary<string, string> _phones = new(StringComparer.Ordinal);

    private FakeAction? _heldBack;

    /// <summary>Returns the worker's settings for such a node.</summary>
    public static string[] Node(FakeAmi ami, int index = 0) =>
    [
        $"Asterisk__Nodes__{index}__Name=pbx{index + 1}", $"Asterisk__Nodes__{index}__Port={ami.Port}",
        $"Asterisk__Nodes__{index}__Username=tester", $"Asterisk__Nodes__{index}__Secret={FakeAmi.Secret}",
    ];

    public bool AnswersSnapshots { get; set; }

    public int Snapshots { get; private set; }

    public string Contacts => string.Join('\n', _phones.Select(phone => $"{phone.Key}|{phone.Value}"));

    public string Online =>
        string.Join(',', _phones.Where(phone => phone.Value != "Unreachable").Select(phone => Endpoint(phone.Key)).Distinct());

    /// <summary>Registers or unregisters one phone of an extension.</summary>
    public string Say(string endpoint, bool comes) =>
        Say($"sip:{endpoint}@198.51.100.7:5060", comes ? "NonQualified" : "Removed", roundTrip: 700);

    public string Happen(Random random, int events)
    {
        var said = new StringBuilder();
        for (var i = 0; i < events; i++)
        {
            var uri = $"sip:{1000 + random.Next(300)}@198.51.100.{random.Next(3)}:5060";
            var known = _phones.TryGetValue(uri, out var status);
            var next = !known ? "NonQualified" : random.Next(4) switch { 0 => "Reachable", 1 => "Unreachable", 2 => "Removed",
                _ => status! };
            said.Append(Say(uri, next, random.Next(90000)));
            if (i % 10 == 0)
                said.Append(
                    $"Event: DeviceStateChange\r\nPrivilege: call,all\r\nDevice: PJSIP/{Endpoint(uri)}\r\n"
                    + $"State: {(random.Next(2) == 0 ? "INUSE" : "NOT_INUSE")}\r\n\r\n");
        }
        return said.ToString();
    }

    /// <summary>Returns the answer that was held back; without one, an event after which the worker takes a snapshot.</summary>
    public string CatchUp()
    {
        AnswersSnapshots = true;
        return _heldBack is null ? "Event: PeerStatus\r\nPeer: PJSIP/1\r\nPeerStatus: Reachable\r\n\r\n" : Snapshot(_heldBack);
    }

    public string? Answer(FakeAction action) => action.Name switch
    {
        "Filter" => FakeAmi.Success(action) + "Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n",
        "CoreStatus" => FakeAmi.Success(action, "CoreStartupDate: 2026-11-23\r\nCoreStartupTime: 20:00:00\r\n"),
        "CoreSettings" => FakeAmi.Success(action, "AsteriskVersion: 22.10.1\r\nSystemName: \r\n"),
        "PJSIPShowEndpoints" => List(action, "EndpointListComplete", []),
        "PJSIPShowEndpoint" => List(action, "EndpointDetailComplete", []),
        "Command" => FakeAmi.Success(action, "Message: Command output follows\r\nOutput: Synchronizing AOR\r\n"),
        "PresenceStateList" => List(action, "PresenceStateListComplete", []),
        "DeviceStateList" => List(action, "DeviceStateListComplete", []),
        "PJSIPShowContacts" => AnswersSnapshots ? Snapshot(action) : HoldBack(action),
        _ => FakeAmi.Success(action),
    };

    private string Say(string uri, string status, int roundTrip)
    {
        if (status == "Removed")
            _phones.Remove(uri);
        else
            _phones[uri] = status;
        return $"Event: ContactStatus\r\nPrivilege: system,all\r\nURI: {uri}\r\nContactStatus: {status}\r\nAOR: "
            + $"{Endpoint(uri)}\r\nEndpointName: {Endpoint(uri)}\r\nRoundtripUsec: {roundTrip}\r\n\r\n";
    }

    private string? HoldBack(FakeAction action)
    {
        _heldBack = action;
        return null;
    }

    private string Snapshot(FakeAction action)
    {
        Snapshots++;
        return _phones.Count == 0
            ? FakeAmi.Error(action, "No Contacts found")
            : List(action, "ContactListComplete", _phones.Select(phone =>
                $"Event: ContactList\r\nActionID: {action.Id}\r\nObjectName: {Endpoint(phone.Key)};@0\r\nEndpoint: "
                    + $"{Endpoint(phone.Key)}\r\nUri: {phone.Key}\r\nViaAddr: 10.0.0.9\r\nUserAgent: Phone "
                    + $"1.0\r\nExpirationTime: 4102444800\r\nStatus: {phone.Value}\r\nRoundtripUsec: N/A\r\n\r\n"));
    }

    private static string List(FakeAction action, string end, IEnumerable<string> items) =>
        FakeAmi.Success(action, "EventList: start\r\n") + string.Concat(
            items) + $"Event: {end}\r\nActionID: {action.Id}\r\nEventList: Complete\r\n\r\n";

    private static string Endpoint(string uri) => uri[4..8];
}
