using CsCheck;
using PjsipSyncWorker.Registrations;

namespace PjsipSyncWorker.Tests.Registrations;

public sealed class ContactUriTests
{
    [Theory]
    [InlineData("sip:1001@203.0.113.7:5060", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:1001@203.0.113.7", "203.0.113.7", null, "udp")]
    [InlineData("sip:203.0.113.7:5062;transport=TCP;ob", "203.0.113.7", 5062, "tcp")]
    [InlineData("sips:1001@203.0.113.7", "203.0.113.7", null, "tls")]
    [InlineData("SIP:1001@[2001:db8::1]:5060;transport=ws", "2001:db8::1", 5060, "ws")]
    [InlineData("sip:1001@[::ffff:203.0.113.7]:5060", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:1001@[fe80::1%25eth0]:5060", "fe80::1", 5060, "udp")]
    [InlineData("sip:1001@198.51.100.1:1024;x-ast-orig-host=10.0.0.5:5060", "198.51.100.1", 1024, "udp")]
    [InlineData("sip:1001;phone-context=x@198.51.100.1:1024?h=v", "198.51.100.1", 1024, "udp")]
    [InlineData("<sip:al%40ice@198.51.100.1;line=abc>", "198.51.100.1", null, "udp")]
    [InlineData("sip:abc@xyz.invalid:5060;transport=ws", null, 5060, "ws")]
    public void The_address_is_the_hosts(string text, string? address, int? port, string transport)
    {
        Assert.True(ContactUri.TryParse(text, out var uri));
        Assert.Equal(address, uri.Address?.ToString());
        Assert.Equal(port, uri.Port);
        Assert.Equal(transport, uri.Transport);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1001@203.0.113.7")]
    [InlineData("tel:+49301234")]
    [InlineData("sip:")]
    [InlineData("sip:1001@")]
    [InlineData("sip:1001@:5060")]
    [InlineData("sip:1001@203.0.113.7:port")]
    [InlineData("sip:1001@203.0.113.7:99999")]
    [InlineData("sip:1001@[2001:db8::1")]
    [InlineData("sip:1001@ho st")]
    public void What_is_no_uri_is_refused(string? text) => Assert.False(ContactUri.TryParse(text, out _));

    [Fact]
    public void Any_text_at_all_is_survived_and_what_is_read_has_a_host() => Gen.String.Sample(text =>
    {
        foreach (var candidate in new[] { text, "sip:" + text, "sip:a@[" + text })
        {
            if (ContactUri.TryParse(candidate, out var uri))
                Assert.NotEmpty(uri.Host);
        }
    }, iter: 50_000);
}
