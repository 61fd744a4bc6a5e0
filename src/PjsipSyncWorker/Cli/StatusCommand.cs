using System.CommandLine;
using System.Text.Json;
using Npgsql;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>status</c>: shows which phones are registered, of one or all extensions, once or at each change.</summary>
internal static class StatusCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var number = new Argument<string?>("NUMBER") { Description = "One extension; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var prefix = new Option<string?>("--prefix") { Description = "Only extensions whose number begins so", HelpName = "DIGITS" };
        var kinds = StatusSelection.AllKinds
            .Select(kind => (Kind: kind, Option: new Option<bool>(kind.Option) { Description = kind.Description })).ToList();
        var json = new Option<bool>("--json") { Description = "One JSON array; with --watch a JSON object a line" };
        var watch = new Option<bool>("--watch") { Description = "Keep showing it as it changes, until q or Ctrl-C" };
        var command = new Command("status", "Show which phones are registered, and which extensions do not work")
        {
            number, prefix, json, watch,
        };
        foreach (var (_, option) in kinds)
            command.Add(option);
        command.Validators.Add(result =>
        {
            var isFiltered = result.GetValue(prefix) is not null || kinds.Any(kind => result.GetValue(kind.Option));
            if (isFiltered && result.GetValue(number) is not null)
                result.AddError("NUMBER shows one extension: leave out --prefix and the other filters, or leave out NUMBER");
        });
        command.SetAction((parsed, cancellation) =>
        {
            var selection = new StatusSelection(parsed.GetValue(number), parsed.GetValue(prefix),
                [.. kinds.Where(kind => parsed.GetValue(kind.Option)).Select(kind => kind.Kind)]);
            return CommandRunner.RunOnDatabaseAsync(
                parsed.GetValue(config),
                (_, dataSource, connection) => ShowAsync(
                    dataSource, connection, selection, parsed.GetValue(json), parsed.GetValue(watch), cancellation),
                cancellation);
        });
        return command;
    }

    private static async Task<int> ShowAsync(
        NpgsqlDataSource dataSource, NpgsqlConnection connection, StatusSelection selection, bool json, bool watch,
        CancellationToken cancellation)
    {
        if (watch)
            return await WatchAsync(dataSource, connection, selection, json, cancellation);
        if (json)
            return await WriteJsonAsync(connection, selection, cancellation);
        return Console.IsOutputRedirected
            ? await WriteLinesAsync(connection, selection, cancellation)
            : await StatusTerminal.WriteAsync(connection, selection, cancellation);
    }

    private static async Task<int> WriteLinesAsync(NpgsqlConnection connection, StatusSelection selection, CancellationToken cancellation)
    {
        await using var output = StandardOutput.OpenText();
        var found = new StatusFinding(selection);
        await foreach (var status in StatusQuery.ReadAsync(connection, selection.Numbers, found.OnUnreadable, cancellation))
        {
            if (!found.Take(status))
                continue;
            foreach (var line in StatusLine.Of(status))
                output.WriteLine(line);
        }
        await output.FlushAsync(cancellation);
        return await found.ExitCodeAsync(connection, cancellation);
    }

    private static async Task<int> WriteJsonAsync(NpgsqlConnection connection, StatusSelection selection, CancellationToken cancellation)
    {
        const int chunk = 1 << 16;
        await using var output = StandardOutput.Open();
        await using var writer = new Utf8JsonWriter(output);
        var found = new StatusFinding(selection);
        writer.WriteStartArray();
        await foreach (var status in StatusQuery.ReadAsync(connection, selection.Numbers, found.OnUnreadable, cancellation))
        {
            if (!found.Take(status))
                continue;
            StatusJson.Write(writer, status);
            if (writer.BytesPending > chunk)
                await writer.FlushAsync(cancellation);
        }
        writer.WriteEndArray();
        await writer.FlushAsync(cancellation);
        output.Write("\n"u8);
        return await found.ExitCodeAsync(connection, cancellation);
    }

    /// <summary>Shows changes until a signal or the end of the output: on a terminal as a screen, elsewhere as lines.</summary>
    private static async Task<int> WatchAsync(
        NpgsqlDataSource dataSource, NpgsqlConnection connection, StatusSelection selection, bool json, CancellationToken cancellation)
    {
        if (selection.Number is { } number && !await StatusQuery.ReadAsync(connection, [number], null, cancellation).AnyAsync(cancellation))
        {
            await Console.Error.WriteLineAsync(await StatusSuggestions.MessageAsync(connection, number, cancellation));
            return ExitCode.Problems;
        }
        await connection.CloseAsync();
        if (json || Console.IsOutputRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            await using var output = StandardOutput.OpenText();
            await new StatusWatch(dataSource, selection, new StatusLinesView(output, selection, json), TimeProvider.System)
                .RunAsync(cancellation);
            return ExitCode.Good;
        }
        var view = new StatusScreenView(selection, StatusTerminal.HasColour);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var screen = new TerminalScreen(end.Cancel, view.Redraw);
        view.DrawOn(screen);
        screen.ReadKeys();
        try
        {
            await new StatusWatch(dataSource, selection, view, TimeProvider.System).RunAsync(end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The usual end.
        }
        return ExitCode.Good;
    }
}
