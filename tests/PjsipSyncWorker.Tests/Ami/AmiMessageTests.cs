using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiMessageTests
{
    [Fact]
    public void Keys_are_found_in_any_letter_case() => With("Event: X\r\nEndpointName: 1001\r\n\r\n", (in message) =>
    {
        Assert.Equal("1001"u8, message.Get("ENDPOINTname"u8));
        Assert.Equal("1001", message.GetString("endpointname"u8));
        Assert.Null(message.GetString("Endpoint"u8));
        Assert.False(message.TryGet("EndpointNames"u8, out _));
    });

    [Fact]
    public void An_empty_value_is_there_and_an_absent_one_is_not() => With("Event: X\r\nSystemName: \r\n\r\n", (in message) =>
    {
        Assert.True(message.TryGet("SystemName"u8, out var value));
        Assert.True(value.IsEmpty);
        Assert.Equal("", message.GetString("SystemName"u8));
        Assert.False(message.TryGet("AOR"u8, out _));
    });

    [Fact]
    public void Only_the_first_header_says_what_a_message_is() =>
        With("Event: OriginateResponse\r\nResponse: Failure\r\n\r\n", (in message) =>
    {
        Assert.True(message.IsEvent);
        Assert.False(message.IsResponse);
        Assert.Equal("OriginateResponse"u8, message.Event);
    });

    [Fact]
    public void A_response_has_no_event_name() => With("Response: Success\r\nEvent: X\r\n\r\n", (in message) =>
    {
        Assert.True(message.IsResponse);
        Assert.True(message.Event.IsEmpty);
    });

    [Fact]
    public void Bytes_that_are_no_UTF8_do_not_throw() => With("Event: X\r\nUserAgent: a\u00ff\u00feb\r\n\r\n", (in message) =>
        Assert.Equal("a\ufffd\ufffdb", message.GetString("UserAgent"u8)));

    [Fact]
    public void A_response_keeps_its_headers_output_and_message()
    {
        AmiResponse? kept = null;
        With("Response: Error\r\nMessage: No such thing \r\nOutput: one\r\nOutput: two: 2\r\n\r\n",
            (in message) => kept = new AmiResponse(message));
        Assert.False(kept!.Success);
        Assert.Equal("No such thing", kept.Message);
        Assert.Equal(["one", "two: 2"], kept.Output);
        Assert.Equal("one", kept.Get("OUTPUT"));
        Assert.Equal(4, kept.Headers.Count);
    }

    [Theory]
    [InlineData("Success", true)]
    [InlineData("Goodbye", true)]
    [InlineData("Error", false)]
    public void Only_an_Error_is_no_success(string response, bool success) =>
        With($"Response: {response}\r\n\r\n", (in message) => Assert.Equal(success, new AmiResponse(message).Success));

    private static void With(string text, AmiItemHandler check)
    {
        var reader = new AmiReader();
        reader.Advance(Encoding.Latin1.GetBytes(text, reader.GetMemory().Span));
        Assert.True(reader.TryRead(out var message));
        check(message);
    }
}
