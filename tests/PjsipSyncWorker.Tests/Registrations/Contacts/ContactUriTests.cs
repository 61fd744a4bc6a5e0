using System.Net;
using CsCheck;
using PjsipSyncWorker.Registrations.Contacts;

namespace PjsipSyncWorker.Tests.Registrations.Contacts;

public sealed class ContactUriTests
{
    [Theory]
    [InlineData("sip:1001@203.0.113.7:5060;transport=udp", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:1001@203.0.113.7", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:1001@203.0.113.7:37812;transport=TCP;x-ast-orig-host=10.0.0.5:5060", "203.0.113.7", "203.0.113.7", 37812, "tcp")]
    [InlineData("sip:203.0.113.7:5062", "203.0.113.7", "203.0.113.7", 5062, "udp")]
    [InlineData("SIP:1001@203.0.113.7:5062;ob", "203.0.113.7", "203.0.113.7", 5062, "udp")]
    [InlineData("sips:1001@203.0.113.7", "203.0.113.7", "203.0.113.7", 5061, "tls")]
    [InlineData("sip:1001@203.0.113.7;transport=tls", "203.0.113.7", "203.0.113.7", 5061, "tls")]
    [InlineData("sips:x7k2@a1b2c3.invalid;transport=ws", "a1b2c3.invalid", null, 80, "ws")]
    [InlineData("sip:1001@[2001:db8::1]:5060", "2001:db8::1", "2001:db8::1", 5060, "udp")]
    [InlineData("sip:1001@[2001:DB8::1]", "2001:DB8::1", "2001:db8::1", 5060, "udp")]
    [InlineData("sip:[::ffff:203.0.113.7]:5070", "::ffff:203.0.113.7", "203.0.113.7", 5070, "udp")]
    [InlineData("sip:1001@[fe80::1%eth0]:5060", "fe80::1", "fe80::1", 5060, "udp")]
    [InlineData("sip:1001@phone-7.lan:5060;line=vmhqx", "phone-7.lan", null, 5060, "udp")]
    [InlineData("<sip:1001@203.0.113.7:5060;transport=udp>;expires=60", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:a%40b%3bc@203.0.113.7", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:+49301;phone-context=x.y;transport=ws@203.0.113.7:5080;transport=tcp", "203.0.113.7", "203.0.113.7", 5080, "tcp")]
    [InlineData("sip:1001:secret@203.0.113.7:5080", "203.0.113.7", "203.0.113.7", 5080, "udp")]
    [InlineData("sip:1001@203.0.113.7?subject=a;transport=tcp", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("sip:1001@203.0.113.7;Transport=", "203.0.113.7", "203.0.113.7", 5060, "udp")]
    [InlineData("  sip:1001@203.0.113.7:65535 ", "203.0.113.7", "203.0.113.7", 65535, "udp")]
    public void A_contact_gives_host_address_port_and_transport(string text, string host, string? address, int port, string transport)
    {
        Assert.True(ContactUri.TryParse(text, out var uri));
        Assert.Equal(new ContactUri(host, address is null ? null : IPAddress.Parse(address), port, transport), uri);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sip:")]
    [InlineData("sip:1001@")]
    [InlineData("tel:+4930123")]
    [InlineData("1001")]
    [InlineData("1001;@4498f3e6")]
    [InlineData("<sip:1001@203.0.113.7")]
    [InlineData("sip:1001@203.0.113.7:")]
    [InlineData("sip:1001@203.0.113.7:0")]
    [InlineData("sip:1001@203.0.113.7:65536")]
    [InlineData("sip:1001@203.0.113.7:5060x")]
    [InlineData("sip:1001@203.0.113.7:+506")]
    [InlineData("sip:1001@203.0.113.256")]
    [InlineData("sip:1001@1.2.3")]
    [InlineData("sip:1001@2130706433")]
    [InlineData("sip:1001@[2001:db8::1")]
    [InlineData("sip:1001@[2001:db8::1]x")]
    [InlineData("sip:1001@[203.0.113.7]")]
    [InlineData("sip:1001@[::1/64]")]
    [InlineData("sip:1001@2001:db8::1")]
    [InlineData("sip:1001@host name")]
    [InlineData("sip:1001@host'; drop table x --")]
    public void Text_that_is_no_contact_is_refused(string text) => Assert.False(ContactUri.TryParse(text, out _));

    [Fact]
    public void A_leading_zero_is_decimal_in_SIP_and_not_octal()
    {
        Assert.True(ContactUri.TryParse("sip:1001@010.000.000.005", out var uri));
        Assert.Equal(IPAddress.Parse("10.0.0.5"), uri.Address);
    }

    [Fact]
    public void No_text_makes_it_throw() =>
        Gen.String[Gen.Char["sip:@[]<>;?%.=0123456789abcdef -:\0\u00e9\ud800"], 0, 40].Sample(text =>
        {
            foreach (var whole in (string[])[text, "sip:" + text, "sip:1001@" + text, $"sip:[{text}]:5060"])
            {
                // Refused means empty; taken means a host and a port that can be written to a column.
                Assert.Equal(ContactUri.TryParse(whole, out var uri), uri.Host is { Length: > 0 } && uri.Port is >= 1 and <= 65535);
            }
        }, iter: 20_000);

    [Fact]
    public void Every_address_and_port_comes_back() =>
        Gen.Select(Gen.OneOf(Gen.Byte.Array[4], Gen.Byte.Array[16]), Gen.Int[1, 65535]).Sample((bytes, port) =>
        {
            var address = new IPAddress(bytes);
            Assert.True(ContactUri.TryParse($"sip:1001@{(bytes.Length == 4 ? address : $"[{address}]")}:{port};ob", out var uri));
            Assert.Equal(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, uri.Address);
            Assert.Equal(port, uri.Port);
        }, iter: 2_000);
}
