using System.CommandLine;

namespace PjsipSyncWorker.Cli;

/// <summary>How a command is used, as text for a terminal.</summary>
internal static class HelpText
{
    private const int Width = 80;

    /// <summary>Writes the help of a command, or of all, to standard output.</summary>
    public static void Write(Command command)
    {
        foreach (var line in Lines(command))
            Console.WriteLine(line);
    }

    /// <summary>The help of a command; of the root, with the list of commands at its end.</summary>
    public static IEnumerable<string> Lines(Command command)
    {
        var isRoot = command is RootCommand;
        string[] usage = [CommandSyntax.FullName(command), isRoot ? "[COMMAND]" : CommandSyntax.Arguments(command), "[OPTIONS]"];
        var rows = new List<string>
        {
            $"Usage: {string.Join(' ', usage.Where(part => part.Length > 0))}", "",
        };
        rows.AddRange(TerminalText.Wrap(Sentence(command.Description), Width));
        if (command.Arguments.Count > 0)
            Section("Arguments:", command.Arguments.Select(argument => (argument.Name, argument.Description)));
        Section("Options:", CommandSyntax.Options(command).Select(option => (Option(option), option.Description)));
        if (isRoot)
        {
            rows.AddRange(["", $"{CommandSyntax.Program} help COMMAND explains a command; the man page has examples."]);
            Section("Commands:", CommandSyntax.Commands(command).Select(other =>
                ($"{other.Name} {CommandSyntax.Arguments(other)}".TrimEnd(), other.Description)));
        }
        return rows;

        void Section(string title, IEnumerable<(string Name, string? Description)> items)
        {
            var list = items.ToList();
            var indent = list.Max(item => item.Name.Length) + 4;
            rows.AddRange(["", title]);
            foreach (var (name, description) in list)
                rows.AddRange(TerminalText.Wrap(description ?? "", Width - indent)
                    .Select((line, i) => (i == 0 ? "  " + name : "").PadRight(indent) + line));
        }
    }

    private static string Option(Option option) =>
        string.Join(", ", CommandSyntax.Names(option).SkipLast(1).Append(CommandSyntax.WithValue(option)));

    private static string Sentence(string? text) => text is null ? "" : text.TrimEnd('.') + ".";
}
