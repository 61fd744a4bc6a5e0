using System.CommandLine;
using System.CommandLine.Parsing;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>What is wrong with a command line, in one line that says what to do.</summary>
internal static class CommandLineError
{
    /// <returns>The first thing that is wrong; null when the command can run.</returns>
    /// <param name="arguments">What was parsed.</param>
    public static string? Of(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        if (parsed.Action?.ClearsParseErrors == true)
            return null;
        var command = parsed.CommandResult.Command;
        var problem = UnknownOption(parsed, command) ?? FlagWithValue(command, arguments) ?? Empty(parsed)
            ?? Surplus(parsed, command) ?? FromParser(parsed);
        var help = command is RootCommand or { Name: "help" } ? "help" : $"help {command.Name}";
        return problem is null ? null : $"{problem}{(problem[^1] == '?' ? "" : ".")} See: {CommandSyntax.Program} {help}";
    }

    /// <summary>
    /// A word that begins with a dash is an option, never an argument or the value of another option; <c>--</c> ends the options.
    /// </summary>
    private static string? UnknownOption(ParseResult parsed, Command command)
    {
        var word = BeforeDoubleDash(parsed).Where(token => token.Type == TokenType.Argument).Select(token => token.Value)
            .FirstOrDefault(word => word.Length > 1 && word[0] == '-');
        if (word is null)
            return null;
        var option = word.Split('=')[0];
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(result => result.Tokens.Any(token => token.Value == word))
            is { } eager && CommandSyntax.Options(command).Any(known => CommandSyntax.Names(known).Contains(option)))
            return LacksValue(eager.Option);
        return $"Unknown option {option}{(command is RootCommand ? "" : $" of {command.Name}")}"
            + NearestName.Question(option, CommandSyntax.Options(command).SelectMany(CommandSyntax.Names));
    }

    private static string? Empty(ParseResult parsed) =>
        BeforeDoubleDash(parsed).Any(token => token.Type == TokenType.Argument && token.Value.Length == 0)
            ? "An argument is empty; a variable of the shell may have no value" : null;

    private static string? Surplus(ParseResult parsed, Command command)
    {
        // The parser drops a first word in brackets, which it takes for one of its own directives.
        var directive = parsed.Tokens.FirstOrDefault(token => token.Type == TokenType.Directive)?.Value;
        if ((directive ?? parsed.UnmatchedTokens.ElementAtOrDefault(0)) is not { } word)
            return null;
        if (command is RootCommand)
            return $"Unknown command \"{word}\"" + NearestName.Question(word, CommandSyntax.Commands(command).Select(other => other.Name));
        var arguments = CommandSyntax.Arguments(command);
        return $"\"{word}\" is too much: {command.Name} takes {(arguments.Length == 0 ? "no argument" : $"{arguments} alone")}";
    }

    private static string? FromParser(ParseResult parsed) => parsed.Errors is [var first, ..] ? FromParser(first) : null;

    private static string FromParser(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Option: var option, IdentifierTokenCount: > 1 } => $"{option.Name} is given more than once",
        OptionResult { Option: var option, Tokens.Count: 0 } when CommandSyntax.ValueName(option) is not null =>
            LacksValue(option),
        ArgumentResult { Argument: var argument, Tokens.Count: 0 } => $"{argument.Name} is missing",
        _ => error.Message.TrimEnd('.'),
    };

    private static string LacksValue(Option option) => $"{option.Name} lacks its value: {CommandSyntax.WithValue(option)}";

    /// <summary>The parser would take the value for an argument.</summary>
    private static string? FlagWithValue(Command command, IReadOnlyList<string> arguments)
    {
        var names = arguments.TakeWhile(word => word != "--").Where(word => word.StartsWith('-')).Select(word => word.Split('=', 2))
            .Where(parts => parts.Length == 2 && !bool.TryParse(parts[1], out _)).Select(parts => parts[0]).ToList();
        return CommandSyntax.Options(command).FirstOrDefault(option => CommandSyntax.ValueName(option) is null
            && CommandSyntax.Names(option).Any(names.Contains)) is { } flag ? $"{flag.Name} takes no value" : null;
    }

    private static IEnumerable<Token> BeforeDoubleDash(ParseResult parsed) =>
        parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash);
}
