using System.Buffers;
using System.Text;
using CsCheck;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class AmiActionTests
{
    [Fact]
    public void An_action_is_its_lines_and_a_blank_one() => Assert.Equal(
        "Action: Command\r\nActionID: p-7\r\nCommand: core show version\r\n\r\n",
        Wire(new AmiAction("Command") { { "Command", "core show version" } }));

    [Theory]
    [InlineData("1001\r\nAction: Originate")]
    [InlineData("1001\nx")]
    [InlineData("1001\r")]
    [InlineData("10\001")]
    public void No_value_smuggles_a_line(string value)
    {
        var action = new AmiAction("Command");
        var refusal = Assert.Throws<ArgumentException>(() => action.Add("Command", value));
        Assert.DoesNotContain("1001", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => action.Add("Key" + value, "x"));
        Assert.Throws<ArgumentException>(() => new AmiAction(value));
    }

    [Theory]
    [InlineData("Action")]
    [InlineData("actionid")]
    [InlineData("a:b")]
    [InlineData("")]
    public void Keys_that_would_confuse_are_refused(string key) =>
        Assert.ThrowsAny<ArgumentException>(() => new AmiAction("Ping").Add(key, "x"));

    [Fact]
    public void Accepted_value_stays_one_line() => Gen.String[Gen.Char, 0, 20].Sample(value =>
    {
        var action = new AmiAction("X");
        try
        {
            action.Add("Key", value);
        }
        catch (ArgumentException)
        {
            return;
        }

        Assert.Equal(4, Wire(action).Count(character => character == '\n'));
    });

    private static string Wire(AmiAction action)
    {
        var output = new ArrayBufferWriter<byte>();
        action.WriteTo(output, "p-", 7);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
