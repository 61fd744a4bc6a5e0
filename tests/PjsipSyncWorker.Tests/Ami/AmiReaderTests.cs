using System.Text;
using CsCheck;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiReaderTests
{
    // As Asterisk 22 wrote it, the bare LF of the second message included.
    private const string Session =
        "Asterisk Call Manager/11.0.0\r\n" +
        "Response: Success\r\nActionID: 2\r\nMessage: Authentication accepted\r\n\r\n" +
        "Response: Error\r\nActionID: x7\r\nMessage: No Contacts found\n\r\n\r\n" +
        "Event: ContactStatus\r\nPrivilege: system,all\r\nURI: sip:1001@127.0.0.1:5060;transport=udp\r\nContactStatus: "
            + "NonQualified\r\nRoundtripUsec: \r\n\r\n" +
        "Response: Success\nOutput: one: 1\nOutput:\nno colon here\nOutput:  two\n\n";

    private static readonly string[] SessionMessages =
    [
        "Response=Success|ActionID=2|Message=Authentication accepted|",
        "Response=Error|ActionID=x7|Message=No Contacts found|",
        "Event=ContactStatus|Privilege=system,all|URI=sip:1001@127.0.0.1:5060;transport=udp|ContactStatus=NonQualified|RoundtripUsec=|",
        "Response=Success|Output=one: 1|Output=|Output= two|",
    ];

    [Fact]
    public void A_session_becomes_its_messages() => Assert.Equal(SessionMessages, Transcript.Of(Session));

    [Fact]
    public void A_message_split_anywhere_is_the_same_message()
    {
        for (var cut = 1; cut < Session.Length; cut++)
        {
            Assert.Equal(SessionMessages, Transcript.Of(Session, cut));
        }
    }

    [Fact]
    public void A_session_split_twice_anywhere_is_the_same_session() =>
        Gen.Int[1, Session.Length - 1].Array[2, 40].Sample(cuts => Transcript.Of(Session, [.. cuts.Order()])
            .SequenceEqual(SessionMessages));

    [Fact]
    public void A_session_byte_by_byte_is_the_same_session() =>
        Assert.Equal(SessionMessages, Transcript.Of(Session, [.. Enumerable.Range(1, Session.Length - 1)]));

    [Fact]
    public void Junk_in_any_pieces_neither_throws_nor_hangs_nor_depends_on_the_pieces() =>
        Gen.Select(Gen.OneOf(Gen.Byte, Gen.Char["\r\n: a"].Select(character => (byte)character)).Array[0, 400], Gen.Int[0, 400].Array[0, 8])
            .Sample((junk, cuts) => Transcript.Of(Small(), junk).SequenceEqual(
                Transcript.Of(Small(), junk, [.. cuts.Where(cut => cut < junk.Length).Order()])), iter: 20_000);

    [Fact]
    public void Any_headers_come_back_as_they_were_written() =>
        Gen.Dictionary(Gen.Char.AlphaNumeric.Array[1, 12].Select(text => new string(text)),
            Gen.Char[' ', '~'].Array[0, 60].Select(text => new string(text)))[1, 20]
            .Sample(headers =>
            {
                var text = string.Concat(headers.Select(header => $"{header.Key}: {header.Value}\r\n")) + "\r\n";
                return Transcript.Of(text).Single() == string.Concat(headers.Select(header => $"{header.Key}={header.Value}|"));
            });

    [Fact]
    public void The_banner_is_taken_by_itself_when_asked_for()
    {
        var reader = new AmiReader();
        Feed(reader, "Asterisk Call Manager/11.0.0\r");
        Assert.False(reader.TryReadBanner(out _));
        Feed(reader, "\nEvent: A\r\n\r\n");
        Assert.True(reader.TryReadBanner(out var banner));
        Assert.Equal("Asterisk Call Manager/11.0.0", banner);
        Assert.True(reader.TryRead(out var message));
        Assert.Equal("A"u8, message.Event);
    }

    [Fact]
    public void An_endless_line_ends_with_a_clear_text_at_the_limit()
    {
        Assert.Empty(Transcript.Of(new AmiReader(100, 1000), new byte[100]));
        Assert.Equal(["! a line longer than 100 bytes"], Transcript.Of(new AmiReader(100, 1000), new byte[101]));
    }

    [Fact]
    public void An_endless_message_ends_with_a_clear_text_at_the_limit()
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("Output: x\r\n", 100)));
        Assert.Equal(["! a message longer than 1000 bytes"], Transcript.Of(new AmiReader(100, 1000), lines));
    }

    [Fact]
    public void Lines_without_a_colon_cannot_fill_the_memory_either()
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("x\n", 1000)));
        Assert.Equal(["! a message longer than 1000 bytes"], Transcript.Of(new AmiReader(100, 1000), lines));
    }

    [Fact]
    public void Memory_stays_within_the_message_limit_whatever_comes()
    {
        var reader = new AmiReader();
        var output = Encoding.ASCII.GetBytes(
            "Response: Success\r\n" + string.Concat(Enumerable.Repeat("Output: " + new string('x', 90) + "\r\n", 10_000)) + "\r\n");
        for (var round = 0; round < 3; round++)
        {
            Assert.Single(Transcript.Of(reader, output));
        }

        Assert.InRange(reader.BufferedCapacity, 0, (1024 * 1024) + 16384);
    }

    [Fact]
    public void A_message_with_too_many_headers_is_refused()
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a:\n", AmiReader.MaxHeaders + 1)));
        Assert.Equal([$"! a message with more than {AmiReader.MaxHeaders} headers"], Transcript.Of(lines));
    }

    [Fact]
    public void Messages_that_nobody_keeps_allocate_nothing()
    {
        var reader = new AmiReader();
        var events = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
            "Event: ContactStatus\r\nPrivilege: system,all\r\nURI: sip:1001@127.0.0.1:5060\r\nContactStatus: Reachable\r\nAOR: "
                + "1001\r\nRoundtripUsec: 2100\r\n\r\n", 100)));
        Assert.Equal(100, Swallow(reader, events));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var seen = 0;
        for (var round = 0; round < 100; round++)
        {
            seen += Swallow(reader, events);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(10_000, seen);
        Assert.Equal(0, allocated);
    }

    private static AmiReader Small() => new(60, 200);

    private static void Feed(AmiReader reader, string text)
    {
        var count = Encoding.ASCII.GetBytes(text, reader.GetMemory().Span);
        reader.Advance(count);
    }

    private static int Swallow(AmiReader reader, byte[] stream)
    {
        var seen = 0;
        for (var from = 0; from < stream.Length;)
        {
            var room = reader.GetMemory();
            var count = Math.Min(Math.Min(room.Length, 1000), stream.Length - from);
            stream.AsMemory(from, count).CopyTo(room);
            reader.Advance(count);
            from += count;
            while (reader.TryRead(out var message))
            {
                seen += message.IsEventNamed("ContactStatus"u8) && !message.Get("aor"u8).IsEmpty && message.ActionId.IsEmpty ? 1 : 0;
            }
        }

        return seen;
    }
}
