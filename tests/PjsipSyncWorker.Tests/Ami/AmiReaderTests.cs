using System.Text;
using CsCheck;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiReaderTests
{
    private const string Stream =
        "Asterisk Call Manager/11.0.0\r\n" +
        "Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n" +
        "Event: ContactStatus\r\nPrivilege: system,all\r\nURI: sip:1001@192.0.2.1:5060;ob\r\nContactStatus: Reachable\r\nEmpty:\r\nNo colon here\r\n\r\n" +
        "Response: Error\r\nMessage: No Contacts found\r\n\r\n\r\n" +
        "Response: Success\nOutput: a: b\nOutput:  two\nOutput: \xff\n\n" +
        "Event: Shutdown\r\n\r\n";

    private static readonly byte[] Bytes = Encoding.Latin1.GetBytes(Stream);

    [Fact]
    public void Messages_end_at_an_empty_line_and_extra_empty_lines_mean_nothing()
    {
        var seen = Read([Bytes]);

        Assert.Equal("Asterisk Call Manager/11.0.0", seen.Banner);
        Assert.Equal(5, seen.Messages.Count);
        Assert.Equal("sip:1001@192.0.2.1:5060;ob", seen.Messages[1]["URI"]);
        Assert.Equal("", seen.Messages[1]["Empty"]);
        Assert.True(seen.Messages[2].IsError);
        Assert.Equal(["a: b", " two", "�"], seen.Messages[3].Output);
    }

    [Fact]
    public void A_stream_split_anywhere_gives_the_same_messages()
    {
        var whole = Read([Bytes]).ToString();
        for (var first = 0; first <= Bytes.Length; first++)
            Assert.Equal(whole, Read([Bytes[..first], Bytes[first..]]).ToString());
        Assert.Equal(whole, Read(Bytes.Select(b => new[] { b })).ToString());
    }

    [Fact]
    public void A_stream_split_into_any_pieces_gives_the_same_messages()
    {
        var whole = Read([Bytes]).ToString();
        Gen.Int[1, 40].Array[1, 200].Sample(sizes =>
        {
            var pieces = new List<byte[]>();
            var at = 0;
            for (var i = 0; at < Bytes.Length; i++)
            {
                var size = Math.Min(sizes[i % sizes.Length], Bytes.Length - at);
                pieces.Add(Bytes[at..(at + size)]);
                at += size;
            }
            return Read(pieces).ToString() == whole;
        });
    }

    [Fact]
    public void Any_bytes_at_all_are_survived()
    {
        Gen.Byte.Array[0, 5000].Sample(junk =>
        {
            try
            {
                Read([junk]);
            }
            catch (AmiProtocolException)
            {
                // Refused with a reason is survived.
            }
        }, iter: 20_000);
    }

    [Fact]
    public void An_endless_line_is_refused_before_it_fills_memory()
    {
        var reader = new AmiReader(maxLineBytes: 1000, maxMessageBytes: 10_000);
        var error = Assert.Throws<AmiProtocolException>(() => Feed(reader, Enumerable.Repeat("xxxxxxxxxx"u8.ToArray(), 200), new Seen()));
        Assert.Contains("line is longer than 1000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_end_is_refused_before_it_fills_memory()
    {
        var reader = new AmiReader(maxLineBytes: 1000, maxMessageBytes: 10_000);
        var error = Assert.Throws<AmiProtocolException>(() => Feed(reader, Enumerable.Repeat("Key: value\r\n"u8.ToArray(), 2000), new Seen()));
        Assert.Contains("message is longer than 10000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_nobody_keeps_allocates_nothing()
    {
        var reader = new AmiReader();
        var message = "Event: RTCPSent\r\nPrivilege: reporting,all\r\nChannel: PJSIP/1001-00000001\r\nSSRC: 0x1\r\n\r\n"u8.ToArray();
        var ignored = new Ignore();
        Feed(reader, ["Banner\r\n"u8.ToArray(), message], ignored);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            message.CopyTo(reader.Free());
            reader.Advance(message.Length, ignored);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(10_001, ignored.Count);
    }

    [Theory]
    [InlineData("Login\r\nAction: Originate")]
    [InlineData("x\ny")]
    [InlineData("x\0y")]
    public void A_value_cannot_smuggle_a_line_into_an_action(string value)
    {
        Assert.Throws<ArgumentException>(() => new AmiAction("Command").With("Command", value));
        Assert.Throws<ArgumentException>(() => new AmiAction(value));
        Assert.Throws<ArgumentException>(() => new AmiAction("Command").With(value, "x"));
    }

    private static Seen Read(IEnumerable<byte[]> pieces)
    {
        var seen = new Seen();
        Feed(new AmiReader(), pieces, seen);
        return seen;
    }

    private static void Feed(AmiReader reader, IEnumerable<byte[]> pieces, IAmiMessageHandler handler)
    {
        foreach (var piece in pieces)
        {
            for (var at = 0; at < piece.Length;)
            {
                var free = reader.Free();
                var count = Math.Min(free.Length, piece.Length - at);
                piece.AsSpan(at, count).CopyTo(free.Span);
                reader.Advance(count, handler);
                at += count;
            }
        }
    }

    private sealed class Seen : IAmiMessageHandler
    {
        public string? Banner { get; private set; }

        public List<AmiResponse> Messages { get; } = [];

        public void OnBanner(string banner) => Banner = banner;

        public void OnMessage(AmiMessage message) => Messages.Add(message.Copy());

        public override string ToString() => $"{Banner}\n" + string.Join("\n--\n", Messages.Select(message => string.Join('\n', message.Headers)));
    }

    private sealed class Ignore : IAmiMessageHandler
    {
        public int Count { get; private set; }

        public void OnBanner(string banner)
        {
        }

        public void OnMessage(AmiMessage message)
        {
            if (!message.Event.SequenceEqual("ContactStatus"u8))
                Count++;
        }
    }
}
