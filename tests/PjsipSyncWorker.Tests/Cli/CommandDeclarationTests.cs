using System.CommandLine;
using PjsipSyncWorker.Cli;
using Command = System.CommandLine.Command;

namespace PjsipSyncWorker.Tests.Cli;

/// <summary>What every command, option and argument must declare, so that help, man page and completion can show it.</summary>
public sealed class CommandDeclarationTests
{
    private static readonly RootCommand Root = CommandLine.Create();

    private static IEnumerable<Command> Commands => CommandSyntax.Commands(Root).Append(Root);

    [Fact]
    public void Each_has_a_description() => Assert.Empty(
        Commands.SelectMany(command => CommandSyntax.Options(command).Concat<Symbol>(command.Arguments).Append(command))
            .Where(symbol => string.IsNullOrWhiteSpace(symbol.Description) || symbol.Description.EndsWith('.'))
            .Select(symbol => symbol.Name));

    [Fact]
    public void Each_value_has_a_name_that_says_what_completes_it() => Assert.Empty(
        Commands.SelectMany(command => command.Arguments.Select(argument => argument.Name).Concat(CommandSyntax.Options(command)
            .Where(option => option.ValueType != typeof(bool) && option.ValueType != typeof(void))
            .Select(option => CommandSyntax.ValueName(option) ?? $"the option {option.Name} has no HelpName")))
            .Where(name => !Completion.Kinds.ContainsKey(name)).Distinct());

    [Fact]
    public void Help_fits_80_columns_and_has_each_option() => Assert.All(Commands, command =>
    {
        List<string> lines = [.. HelpText.Lines(command)];

        Assert.DoesNotContain(lines, line => line.Length > 80);
        Assert.All(CommandSyntax.Options(command), option => Assert.Contains(lines,
            line => line.StartsWith("  ", StringComparison.Ordinal) && line.Contains(option.Name, StringComparison.Ordinal)));
    });
}
