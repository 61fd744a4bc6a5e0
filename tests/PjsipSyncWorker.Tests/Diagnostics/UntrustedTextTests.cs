using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Tests.Diagnostics;

public sealed class UntrustedTextTests
{
    [Theory]
    [InlineData("plain, with é and 電話", "plain, with é and 電話")]
    [InlineData("a\r\nb", "a\\x0D\\x0Ab")]
    [InlineData("\u001b[2Jgone\u009b", "\\x1B[2Jgone\\x9B")]
    [InlineData("a\u2028b\u202Ec", "a\\u2028b\\u202Ec")]
    [InlineData(null, "")]
    public void Nothing_in_it_moves_the_cursor(string? text, string expected) => Assert.Equal(expected, UntrustedText.Escape(text));
}
