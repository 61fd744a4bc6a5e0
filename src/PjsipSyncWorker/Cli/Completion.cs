using System.CommandLine;

namespace PjsipSyncWorker.Cli;

/// <summary>What the shell is to do with the word at the cursor.</summary>
internal enum ValueKind
{
    /// <summary>Nothing can be offered.</summary>
    None,

    /// <summary>The shell completes a path.</summary>
    File,

    /// <summary>The shell completes the path of a folder.</summary>
    Folder,

    /// <summary>The names of Asterisk:Nodes.</summary>
    Node,

    /// <summary>The numbers of the extensions.</summary>
    Number,

    /// <summary>The names of the commands.</summary>
    Command,
}

/// <summary>What can stand at the end of a command line.</summary>
/// <param name="Kind">The values that can stand there, beside <paramref name="Words"/>.</param>
/// <param name="Words">Commands or options, each with its description.</param>
/// <param name="ConfigFile">The file of <c>--config</c> so far; null for none.</param>
internal sealed record Completion(ValueKind Kind, IReadOnlyList<(string Word, string? Description)> Words, string? ConfigFile)
{
    /// <summary>The word for a value, in the declaration of an option or an argument, says what completes it.</summary>
    public static readonly IReadOnlyDictionary<string, ValueKind> Kinds = new Dictionary<string, ValueKind>(StringComparer.Ordinal)
    {
        ["FILE"] = ValueKind.File,
        ["SOURCE"] = ValueKind.File,
        ["DIR"] = ValueKind.Folder,
        ["NODE"] = ValueKind.Node,
        ["NUMBER"] = ValueKind.Number,
        ["DIGITS"] = ValueKind.Number,
        ["COMMAND"] = ValueKind.Command,
    };

    /// <summary>Reads a command line that is not finished.</summary>
    /// <param name="words">The words after the program, the last one being at the cursor, perhaps empty.</param>
    public static Completion Of(Command root, IReadOnlyList<string> words)
    {
        var (command, optionsEnd, arguments) = (root, false, 0);
        Option? waiting = null;
        string? configFile = null;
        foreach (var word in words.SkipLast(1).SelectMany(Parts))
        {
            if (waiting is not null)
            {
                configFile = waiting.Name == "--config" ? word : configFile;
                waiting = null;
            }
            else if (word == "--" && !optionsEnd)
                optionsEnd = true;
            else if (word.StartsWith('-') && !optionsEnd)
                waiting = ValueOption(command, word);
            else if (Find(command, word) is { } inner)
                command = inner;
            else
                arguments++;
        }
        var current = words.Count == 0 ? "" : words[^1];
        if (waiting is null && !optionsEnd && current.StartsWith('-') && current.Contains('=', StringComparison.Ordinal))
            waiting = ValueOption(command, current.Split('=')[0]);
        if (waiting is not null)
            return new Completion(KindOf(CommandSyntax.ValueName(waiting)), [], configFile);
        var kind = KindOf(arguments < command.Arguments.Count ? command.Arguments[arguments].Name : null);
        if (current.StartsWith('-') && !optionsEnd)
            return new Completion(ValueKind.None, OptionWords(command), configFile);
        if (command == root)
            return new Completion(ValueKind.None, CommandWords(root), configFile);
        return kind == ValueKind.Command ? new Completion(ValueKind.None, CommandWords(root), configFile)
            : new Completion(kind, kind == ValueKind.None && !optionsEnd ? OptionWords(command) : [], configFile);
    }

    /// <summary>Option and value of <c>--config=FILE</c>. A shell that breaks words at = gives <c>--config = FILE</c>.</summary>
    private static IEnumerable<string> Parts(string word) =>
        word == "=" ? [] : word.StartsWith("--", StringComparison.Ordinal) ? word.Split('=', 2) : [word];

    private static ValueKind KindOf(string? valueName) => valueName is null ? ValueKind.None : Kinds.GetValueOrDefault(valueName);

    private static Command? Find(Command command, string word) =>
        command.Subcommands.FirstOrDefault(inner => inner.Name == word);

    private static Option? ValueOption(Command command, string word) =>
        CommandSyntax.Options(command).FirstOrDefault(option => CommandSyntax.Names(option).Contains(word)
            && CommandSyntax.ValueName(option) is not null);

    private static List<(string Word, string? Description)> OptionWords(Command command) =>
        [.. CommandSyntax.Options(command).Select(option => (option.Name, option.Description))];

    private static List<(string Word, string? Description)> CommandWords(Command root) =>
        [.. CommandSyntax.Commands(root).Select(command => (command.Name, command.Description))];
}
