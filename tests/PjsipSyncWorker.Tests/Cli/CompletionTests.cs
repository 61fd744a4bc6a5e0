using PjsipSyncWorker.Cli;

namespace PjsipSyncWorker.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("--config|", nameof(ValueKind.None), "--config --help --version")]
    [InlineData("--config |", nameof(ValueKind.File), "")]
    [InlineData("--config=app|", nameof(ValueKind.File), "")]
    [InlineData("--config = app|", nameof(ValueKind.File), "")]
    [InlineData("status |", nameof(ValueKind.Number), "")]
    [InlineData("status -- |", nameof(ValueKind.Number), "")]
    [InlineData("status --json 10|", nameof(ValueKind.Number), "")]
    [InlineData("status --config app.json |", nameof(ValueKind.Number), "")]
    [InlineData("render-config --output |", nameof(ValueKind.Folder), "")]
    [InlineData("render-config --check /etc/as|", nameof(ValueKind.Folder), "")]
    [InlineData("render-config --node |", nameof(ValueKind.Node), "")]
    [InlineData("render-config --node=p|", nameof(ValueKind.Node), "")]
    [InlineData("render-config --force |", nameof(ValueKind.None), "--output --check --node --force --config --help")]
    [InlineData("forget-node |", nameof(ValueKind.Node), "")]
    [InlineData("forget-node pbx1 |", nameof(ValueKind.None), "--config --help")]
    [InlineData("forget-node pbx1 -- |", nameof(ValueKind.None), "")]
    [InlineData("validate |", nameof(ValueKind.File), "")]
    [InlineData("sync-extensions |", nameof(ValueKind.None), "--dry-run --adopt --force --json --config --help")]
    public void What_can_follow_is_known(string line, string kind, string words)
    {
        var completion = Complete(line);

        Assert.Equal((kind, words), (completion.Kind.ToString(), string.Join(' ', completion.Words.Select(word => word.Word))));
    }

    [Theory]
    [InlineData("|")]
    [InlineData("st|")]
    [InlineData("--config app.json st|")]
    [InlineData("--config=app.json |")]
    [InlineData("help |")]
    public void Commands_follow_the_options_of_all(string line)
    {
        var words = Complete(line).Words;

        Assert.Contains(words, word => word is { Word: "status", Description.Length: > 0 });
        Assert.DoesNotContain(words, word => word.Word == "complete");
    }

    [Fact]
    public void The_file_of_config_is_what_values_are_read_from() =>
        Assert.Equal("app.json", Complete("--config=app.json forget-node |").ConfigFile);

    private static Completion Complete(string line) => Completion.Of(CommandLine.Create(), line.TrimEnd('|').Split(' '));
}
