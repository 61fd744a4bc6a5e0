using System.CommandLine;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// <c>complete</c>, which the completions of bash, zsh and fish run (packaging/completions): prints what the last word may become, a line
/// each with a tab before its description. The line <c>:files</c> or <c>:folders</c> asks the shell for paths.
/// </summary>
internal static class CompleteCommand
{
    private const int MostNumbers = 200;

    /// <summary>How long a person who pressed the key is kept waiting for a database.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Creates the command, which help does not show.</summary>
    public static Command Create()
    {
        var words = new Argument<string[]>("WORDS") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("complete", "Print what the last word may become, for completions of a shell") { words };
        command.Hidden = true;
        command.SetAction(async parsed =>
        {
            var given = parsed.GetValue(words) ?? [];
            var completion = Completion.Of(parsed.RootCommandResult.Command, given);
            var current = given.Length == 0 ? "" : given[^1];
            foreach (var (word, description) in completion.Words)
                await Console.Out.WriteLineAsync($"{word}\t{description}");
            foreach (var line in await LinesAsync(completion, current[(current.IndexOf('=', StringComparison.Ordinal) + 1)..]))
                await Console.Out.WriteLineAsync(line);
            return ExitCode.Good;
        });
        return command;
    }

    private static async Task<IEnumerable<string>> LinesAsync(Completion completion, string beginning) => completion.Kind switch
    {
        ValueKind.File => [":files"],
        ValueKind.Folder => [":folders"],
        ValueKind.Node => Settings(completion)?.Asterisk.Nodes.Select(node => $"{node.Name}\t{node.Host}") ?? [],
        ValueKind.Number => await NumbersAsync(completion, beginning),
        _ => [],
    };

    /// <summary>The configuration; null when it cannot be used, because a completion reports nothing.</summary>
    private static WorkerSettings? Settings(Completion completion)
    {
        try
        {
            return SettingsReader.Read(SettingsSources.Load(completion.ConfigFile));
        }
        catch (SettingsException)
        {
            return null;
        }
    }

    private static async Task<List<string>> NumbersAsync(Completion completion, string beginning)
    {
        var lines = new List<string>();
        if (Settings(completion) is not { } settings)
            return lines;
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            await ServiceUser.BecomeAsync(settings.ConnectionString, limit.Token);
            await using var dataSource = DataSource.Create(settings.ConnectionString);
            await using var command = dataSource.CreateCommand(
                "select number, status from pjsip_sync.registration where starts_with(number, $1) order by number limit $2");
            command.Parameters.Add(Parameter.Of(beginning));
            command.Parameters.Add(Parameter.Of(MostNumbers));
            await using var reader = await command.ExecuteReaderAsync(limit.Token);
            while (await reader.ReadAsync(limit.Token))
                lines.Add($"{reader.GetString(0)}\t{reader.GetString(1)}");
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) || error is OperationCanceledException)
        {
        }
        return lines;
    }
}
