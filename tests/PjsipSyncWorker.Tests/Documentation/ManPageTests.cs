using System.CommandLine;
using System.Text;
using PjsipSyncWorker.Cli;
using Command = System.CommandLine.Command;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>The man page and docs/reference/commands.md have every command and option; <c>scripts/docs.sh</c> writes them.</summary>
public sealed class ManPageTests
{
    private const string Page = "packaging/pjsip-sync-worker.8";
    private const string Reference = "docs/reference/commands.md";

    private static readonly RootCommand Root = CommandLine.Create();

    [Fact]
    public void The_man_page_has_each_command_and_option() => GeneratedPart.CheckBetween(Page,
        ".\\\" The commands and options are written by scripts/docs.sh, of what the program declares.\n",
        ".\\\" The end of the commands.\n", ManCommands());

    [Fact]
    public void The_reference_has_each_command_and_option() => GeneratedPart.CheckBetween(Reference,
        "<!-- the commands are written by scripts/docs.sh, of what the program declares -->\n", "<!-- the end of the commands -->\n",
        ReferenceCommands());

    /// <summary>An example that somebody copies must be a command line, and each command must have one.</summary>
    [Fact]
    public void Each_example_of_the_man_page_is_a_command_and_each_command_has_one()
    {
        var examples = Document.Read(Page).Split("\n.SH EXAMPLES")[1].Replace("\\-", "-", StringComparison.Ordinal).Split('\n')
            .Where(line => line.StartsWith("pjsip-sync-worker ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[0].Trim().Split(' ')[1..]).ToList();

        Assert.All(examples, words => Assert.Null(CommandLineError.Of(CommandLine.Parse(words), words)));
        Assert.Empty(CommandSyntax.Commands(Root).Select(command => command.Name)
            .Except(examples.Select(words => words[0])).Except(["run", "help", "version"]));
    }

    private static string ManCommands()
    {
        var text = new StringBuilder();
        foreach (var command in CommandSyntax.Commands(Root))
        {
            Paragraph($".SS {Dashes($"{command.Name} {CommandSyntax.Arguments(command)}".TrimEnd())}", Sentence(command.Description));
            foreach (var argument in command.Arguments)
                Paragraph($".TP\n.I {argument.Name}", Sentence(argument.Description));
            foreach (var option in command.Options)
                Paragraph(Term(option), Sentence(option.Description));
        }
        text.Append(".SS Options of every command\n");
        foreach (var option in Root.Options)
            Paragraph(Term(option), Sentence(option.Description));
        return text.ToString();

        void Paragraph(string title, string words) => text.Append(title).Append('\n').Append(Dashes(words)).Append('\n');
    }

    private static string Term(Option option)
    {
        var names = string.Join(", ", CommandSyntax.Names(option).Select(Dashes));
        return CommandSyntax.ValueName(option) is { } value ? $".TP\n.BI \"{names} \" {value}" : $".TP\n.B {names}";
    }

    private static string ReferenceCommands()
    {
        var text = new StringBuilder("| command | does |\n| --- | --- |\n");
        foreach (var command in CommandSyntax.Commands(Root))
        {
            var words = new[] { command.Name, CommandSyntax.Arguments(command) }
                .Concat(command.Options.Select(option => $"[{CommandSyntax.WithValue(option)}]")).Where(word => word.Length > 0);
            text.Append($"| `{string.Join(' ', words)}` | {Lower(command.Description!)} |\n");
        }
        text.Append("\n| option of | option | does |\n| --- | --- | --- |\n");
        foreach (var command in CommandSyntax.Commands(Root))
        {
            foreach (var option in command.Options)
                text.Append($"| `{command.Name}` | `{CommandSyntax.WithValue(option)}` | {Lower(option.Description!)} |\n");
        }
        return text.ToString();
    }

    private static string Lower(string words) => char.ToLowerInvariant(words[0]) + words[1..];

    private static string Sentence(string? text) => text + ".";

    /// <summary>With dashes that can be copied; troff would make hyphens of them.</summary>
    private static string Dashes(string text) =>
        text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
}
