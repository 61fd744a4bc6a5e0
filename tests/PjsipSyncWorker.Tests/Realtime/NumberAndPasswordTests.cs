using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;
using static PjsipSyncWorker.Tests.Realtime.MapperRig;

namespace PjsipSyncWorker.Tests.Realtime;

/// <summary>Which numbers and passwords the mapper accepts.</summary>
public sealed class NumberAndPasswordTests
{
    [Theory]
    [InlineData("anonymous", "the endpoint to which Asterisk gives the calls of everybody it does not know")]
    [InlineData("h", "to which Asterisk sends calls of its own")]
    [InlineData("fax", "to which Asterisk sends calls of its own")]
    public void A_name_that_asterisk_uses_itself_is_no_number(string number, string reason)
    {
        Assert.False(new Mapper(Asterisk22, ReadRealtime()).TryMap(new Extension("1", number, true, "secret"), out _, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+4930123")]
    [InlineData("alice")]
    [InlineData("t1-1001")]
    [InlineData("*97")]
    [InlineData("o'brien(2)=x$?")]
    public void Such_a_number_is_fine(string number) =>
        Assert.Equal(number, Map(new Extension("1", number, true, "x"))["ps_auths.username"]);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("10 01", "a space")]
    [InlineData("a/b", "/")]
    [InlineData("a;b", ";")]
    [InlineData("a@b", "@")]
    [InlineData("a\nb", "a line break")]
    [InlineData("a\u0007", "a control character")]
    [InlineData("ümlaut", "outside ASCII")]
    [InlineData("a(b", "a ( without its )")]
    [InlineData("a)b(", "a ( without its )")]
    [InlineData("12345678901234567890123456789012345678901", "longer than the 40")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "longer than the 79 characters that Asterisk can dial")]
    public void Such_a_number_is_refused(string number, string because) =>
        Assert.Contains(because, Refused(new Extension("1", number, true, "x")), StringComparison.Ordinal);

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("$2y$10$abcdefghijklmnopqrstuuOWW.QcvFyMtjDcTGOyEC2dFf9kXx0aG", "hash")]
    [InlineData("$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$aGFzaA", "hash")]
    [InlineData("$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.", "hash")]
    [InlineData("two\nlines", "control character")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234567890123456789012", "80 characters")]
    public void Such_a_password_is_refused_and_not_repeated(string? password, string because)
    {
        var problem = Refused(new Extension("1", "1001", true, password));

        Assert.Contains(because, problem, StringComparison.Ordinal);
        if (password?.Length > 3)
            Assert.DoesNotContain(password, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$2y$short")]
    [InlineData("$1$abc")]
    [InlineData("{SHA}")]
    [InlineData("$6$")]
    public void A_password_that_only_begins_like_a_hash_is_fine(string password) =>
        Assert.Equal(password, Map(new Extension("1", "1001", true, password))["ps_auths.password"]);

    [Fact]
    public void A_hash_for_digest_stands_in_for_the_password()
    {
        var row = Map(new Extension("1", "1001", true, null,
            Settings: """{"auth":{"md5_cred":"0123456789abcdef0123456789abcdef","realm":"asterisk"}}"""));

        Assert.Equal("md5", row["ps_auths.auth_type"]);
        Assert.False(row.ContainsKey("ps_auths.password"));
    }

    [Fact]
    public void Only_the_algorithms_that_have_a_digest_are_offered()
    {
        var digest = new string('a', 64);
        var row = Map(new Extension("1", "1001", true, null, Settings: $$$"""{"auth":{"password_digest":"sha-256:{{{digest}}}"}}"""));

        Assert.Equal($"SHA-256:{digest}", row["ps_auths.password_digest"]);
        Assert.Equal("SHA-256", row["ps_auths.supported_algorithms_uas"]);
        Assert.Equal("SHA-256", row["ps_auths.supported_algorithms_uac"]);
    }
}
