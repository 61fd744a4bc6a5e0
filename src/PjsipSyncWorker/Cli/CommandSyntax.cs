using System.CommandLine;

namespace PjsipSyncWorker.Cli;

/// <summary>How a command is written. Help, man page, completion and messages read the declaration of the commands by this.</summary>
internal static class CommandSyntax
{
    /// <summary>The name of the program in texts, however it was started.</summary>
    public const string Program = "pjsip-sync-worker";

    /// <summary>The program with the command's name; the program alone for the root.</summary>
    public static string FullName(Command command) => command is RootCommand ? Program : $"{Program} {command.Name}";

    /// <summary>The commands that a person is shown, in the order of their declaration.</summary>
    public static IEnumerable<Command> Commands(Command root) => root.Subcommands.Where(command => !command.Hidden);

    /// <summary>The command's arguments, one that may be left out in brackets: <c>[NUMBER]</c>.</summary>
    public static string Arguments(Command command) => string.Join(' ', command.Arguments.Select(argument =>
        $"{argument.Name}{(argument.Arity.MaximumNumberOfValues > 1 ? " ..." : "")}" is var name
            && argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name));

    /// <summary>The options of a command: its own, then those of every command.</summary>
    public static IEnumerable<Option> Options(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options).Where(option => option.Recursive))
            .Where(option => !option.Hidden);

    /// <summary>The names of an option, the short ones first: <c>-h</c>, <c>--help</c>. Without those of Windows.</summary>
    public static IEnumerable<string> Names(Option option) =>
        option.Aliases.Append(option.Name).Distinct().Where(name => name[0] == '-' && name != "-?").OrderBy(name => name.Length);

    /// <summary>The word for an option's value, such as <c>FILE</c>; null for an option without one.</summary>
    public static string? ValueName(Option option) => option.ValueType == typeof(bool) || option.ValueType == typeof(void)
        ? null : option.HelpName;

    /// <summary>An option with the word for its value: <c>--config FILE</c>.</summary>
    public static string WithValue(Option option) => ValueName(option) is { } value ? $"{option.Name} {value}" : option.Name;
}
