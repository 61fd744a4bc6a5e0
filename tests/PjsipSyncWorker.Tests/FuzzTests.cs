using System.Globalization;
using System.Text;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Tests;

/// <summary>
/// Real input with something wrong in it, over and over: nothing may crash, hang, or take memory out of proportion.
/// <c>PJSIP_SYNC_TEST_FUZZ</c> says how many inputs (scripts/fuzz.sh: ten million), <c>PJSIP_SYNC_TEST_SEED</c> which.
/// </summary>
public sealed class FuzzTests
{
    private const int LargestMessage = 4096;

    /// <summary>No single input takes so long, whatever else the machine does.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private static readonly int Inputs = Number("PJSIP_SYNC_TEST_FUZZ") ?? 100_000;

    private static readonly string[] Conversations =
    [
        "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 2\r\nMessage: Authentication accepted\r\n\r\n",
        "Event: ContactStatus\r\nPrivilege: system,all\r\nURI: sip:1001@127.0.0.1:5060;transport=udp\r\nContactStatus: "
            + "NonQualified\r\nRoundtripUsec: \r\n\r\n",
        "Response: Error\r\nActionID: x7\r\nMessage: No Contacts found\n\r\n\r\nResponse: Success\nOutput: one: 1\nOutput:\nno "
            + "colon here\nOutput:  two\n\n",
        "Event: ContactList\r\nActionID: a\r\nObjectName: 1001;@4498\r\nUri: sip:1001@[::1]:5060\r\nViaAddr: "
            + "10.0.0.1\r\nExpirationTime: 1700000000\r\n\r\n",
    ];

    private static readonly string[] Uris =
    [
        "sip:1001@192.0.2.1:5060", "<sips:a%40b@[2001:db8::7%eth0]:5061;transport=TLS?x=y>",
        "sip:1001@host.example.org;transport=ws;x-ast-orig-host=10.0.0.1:5060", "sip:[::ffff:192.0.2.1]",
    ];

    private static readonly (string Key, string Value)[] Settings =
    [
        ("ConnectionStrings:Postgres", "Host=/run/postgresql;Database=pbx;Username=pjsip_sync"), ("Source:Table",
            "public.extensions"), ("Source:Columns:Number", "number"), ("Source:Active", "enabled"),
        ("Realtime:Defaults:Codecs", "ulaw,alaw"), ("Realtime:Profiles:x:Aor:max_contacts", "1"), ("Asterisk:Nodes:0:Name",
            "pbx1"), ("Asterisk:Nodes:0:Port", "5038"), ("Asterisk:Nodes:0:Secret", "s"),
        ("Sync:BatchSize", "5000"), ("Sync:PollInterval", "00:00:30"), ("Sync:MaxRemoval:Share", "0.2"), ("Metrics:Host",
            "localhost"), ("Metrics:Port", "9464"),
    ];

    [Fact]
    public Task What_asterisk_says() => FuzzAsync(random =>
    {
        var reader = new AmiReader(LargestMessage, LargestMessage);
        var bytes = Encoding.Latin1.GetBytes(Spoil(random,
            string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Conversations[random.Next(Conversations.Length)]))));
        try
        {
            for (var from = 0; from < bytes.Length;)
            {
                var room = reader.GetMemory();
                var count = Math.Min(Math.Min(room.Length, random.Next(1, 200)), bytes.Length - from);
                bytes.AsMemory(from, count).CopyTo(room);
                reader.Advance(count);
                from += count;
                while (reader.TryRead(out var message))
                {
                    _ = message.GetString("URI"u8);
                    _ = message.IsEvent;
                }
            }
        }
        catch (AmiProtocolException)
        {
            // Said in so many words: the connection ends.
        }
        return bytes.Length;
    });

    [Fact]
    public Task Where_a_phone_is() => FuzzAsync(random =>
    {
        var text = Spoil(random, Uris[random.Next(Uris.Length)]);
        if (ContactUri.TryParse(text, out var uri))
        {
            Assert.InRange(uri.Port, 1, 65535);
            Assert.NotEmpty(uri.Host);
        }
        return text.Length;
    });

    [Fact]
    public Task What_an_operator_writes() => FuzzAsync(random =>
    {
        var written = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in Settings)
        {
            var what = random.Next(6);
            written[what == 0 ? Spoil(random, key) : key] = what == 1 ? Spoil(random, value) : value;
        }
        try
        {
            SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(written).Build());
        }
        catch (SettingsException error)
        {
            Assert.All(error.Problems, problem => Assert.DoesNotContain('\n', problem));
        }
        return written.Sum(setting => setting.Key.Length + setting.Value!.Length);
    }, share: 50, overhead: 512 * 1024, bytesPerByte: 10_000);

    /// <param name="one">Reads one input, and gives its length.</param>
    /// <param name="share">How many times fewer inputs than the others: what is read once at start is slow to read.</param>
    /// <param name="overhead">How much memory, in bytes, the shortest input may cost.</param>
    /// <param name="bytesPerByte">How much a byte of input may cost.</param>
    private static async Task FuzzAsync(Func<Random, int> one, int share = 1, int overhead = 64 * 1024, long bytesPerByte = 200)
    {
        var first = Number("PJSIP_SYNC_TEST_SEED") ?? Random.Shared.Next();
        var seed = first;
        var fuzzing = Task.Run(() =>
        {
            for (; seed < first + Inputs / share; seed++)
                Feed(one, seed, overhead, bytesPerByte);
        });
        for (var before = -1; await Task.WhenAny(fuzzing, Task.Delay(Hang)) != fuzzing; before = Volatile.Read(ref seed))
            Assert.False(before == Volatile.Read(ref seed), $"seed {before} hangs");
        await fuzzing;
    }

    private static void Feed(Func<Random, int> one, int seed, int overhead, long bytesPerByte)
    {
        var random = new Random(seed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        int length;
        try
        {
            length = one(random);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"seed {seed}", error);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < overhead + bytesPerByte * length, $"seed {seed}: {length} bytes took {allocated}");
    }

    /// <summary>Bytes changed, taken out, put in, repeated, in a few places.</summary>
    private static string Spoil(Random random, string text)
    {
        const string spoilers = "\r\n:;@[]<>%=?,\0\t \"'\\^{}$*\u00ff\u200b0aZ";
        var spoiled = new StringBuilder(text);
        for (var changes = random.Next(5); changes > 0; changes--)
        {
            var at = random.Next(spoiled.Length + 1);
            switch (random.Next(5))
            {
                case 0 when at < spoiled.Length:
                    spoiled[at] = spoilers[random.Next(spoilers.Length)];
                    break;
                case 1 when at < spoiled.Length:
                    spoiled.Remove(at, Math.Min(random.Next(1, 12), spoiled.Length - at));
                    break;
                case 2:
                    spoiled.Insert(at, spoilers[random.Next(spoilers.Length)].ToString(),
                        random.Next(1, random.Next(20) == 0 ? 2 * LargestMessage : 4));
                    break;
                case 3 when at < spoiled.Length:
                    spoiled.Insert(at, spoiled.ToString(at, Math.Min(40, spoiled.Length - at)));
                    break;
                case 4:
                    spoiled.Length = at;
                    break;
            }
        }
        return spoiled.ToString();
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) ? number : null;
}
