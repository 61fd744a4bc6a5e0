using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Bench.Micro;

/// <summary>One extension from the application's words to what Asterisk reads, and the encoding of its values.</summary>
[MemoryDiagnoser]
public class Mapping
{
    private static readonly string[] YesNo = ["no", "yes"];

    private readonly Mapper _mapper = new(AsteriskLike(), SettingsReader.Read(new ConfigurationBuilder().Build()).Realtime);
    private readonly Extension _plain = new("1", "1001", true, "secret", "Anna", Settings: "{}");
    private readonly Extension _full = new("2", "1002", true, "p;w^d", "Bert \"B\"", "internal",
        "Bert", "+49301234", "t", "1002", null, "opus,alaw", "3", "webrtc", """{"endpoint":{"dtmf_mode":"info"}}""");

    [Benchmark]
    public bool Plain() => _mapper.TryMap(_plain, out _, out _);

    [Benchmark]
    public bool Full() => _mapper.TryMap(_full, out _, out _);

    [Benchmark]
    public string EncodeNothing() => RealtimeEncoding.Encode("a password like most");

    [Benchmark]
    public string EncodeBoth() => RealtimeEncoding.Encode("p;w^d");

    private static RealtimeSchema AsteriskLike()
    {
        var columns = new List<RealtimeColumn>();
        Add(RealtimeTable.Endpoint, ColumnKind.Text, "transport", "context", "callerid", "mailboxes",
            "aors", "auth", "disallow", "allow", "dtmf_mode");
        Add(RealtimeTable.Endpoint, ColumnKind.Label, "direct_media", "rewrite_contact", "force_rport",
            "rtp_symmetric", "webrtc", "dtls_auto_generate_cert");
        Add(RealtimeTable.Auth, ColumnKind.Text, "username", "password", "auth_type");
        Add(RealtimeTable.Aor, ColumnKind.Whole, "max_contacts", "qualify_frequency");
        Add(RealtimeTable.Aor, ColumnKind.Label, "remove_existing", "remove_unavailable");
        return new RealtimeSchema("public", columns, 255, canExpireContacts: true);

        void Add(RealtimeTable table, ColumnKind kind, params string[] names)
        {
            foreach (var name in names)
                columns.Add(new RealtimeColumn(columns.Count, table, name, "text", kind, kind == ColumnKind.Label ? YesNo : null, 255));
        }
    }
}
