using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary><c>status</c>: which phones are registered, one or all, once or as it changes.</summary>
internal static class StatusCommand
{
    public static System.CommandLine.Command Create(Option<string?> config)
    {
        var number = new Argument<string?>("NUMBER") { Description = "One extension; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "One JSON array on standard output" };
        var watch = new Option<bool>("--watch") { Description = "Keep showing it as it changes" };
        var command = new System.CommandLine.Command("status", "Show the registration status of one or all extensions") { number, json, watch };
        command.SetAction((parsed, cancellation) => Command.OnDatabaseAsync(parsed.GetValue(config),
            (_, dataSource, connection) => ShowAsync(dataSource, connection, parsed.GetValue(number), parsed.GetValue(json), parsed.GetValue(watch), cancellation), cancellation));
        return command;
    }

    private static async Task<int> ShowAsync(
        NpgsqlDataSource dataSource, NpgsqlConnection connection, string? number, bool json, bool watch, CancellationToken cancellation)
    {
        var statuses = await StatusQuery.ReadAsync(connection, number, cancellation);
        if (number is not null && statuses.Count == 0)
        {
            if (json)
                await Console.Out.WriteLineAsync(StatusReport.Json(statuses));
            await Console.Error.WriteLineAsync(await StatusQuery.WhyMissingAsync(connection, number, cancellation));
            return ExitCode.Problems;
        }
        if (watch)
            await WatchAsync(dataSource, connection, number, json, statuses, cancellation);
        else if (json)
            await Console.Out.WriteLineAsync(StatusReport.Json(statuses));
        else
        {
            if (Console.IsOutputRedirected)
                AnsiConsole.Profile.Width = 240;
            AnsiConsole.Write(StatusReport.Table(statuses));
            foreach (var line in StatusReport.Problems([.. statuses, .. number is null ? await StatusQuery.RefusedAsync(connection, cancellation) : []]))
                await Console.Out.WriteLineAsync(line);
            foreach (var line in await StatusQuery.WaitingAsync(connection, cancellation))
                await Console.Out.WriteLineAsync(UntrustedText.Escape(line));
        }
        return ExitCode.Good;
    }

    /// <summary>On a terminal the table is drawn again in its place; elsewhere each change is a block or a line of its own.</summary>
    private static async Task WatchAsync(
        NpgsqlDataSource dataSource, NpgsqlConnection connection, string? number, bool json, List<ExtensionStatus> statuses, CancellationToken cancellation)
    {
        var wake = new AsyncAutoResetEvent();
        await using var listener = await ChannelListener.OpenAsync(dataSource, Channels.ExtensionStatus, TimeSpan.FromSeconds(10), cancellation);
        var listening = listener.RunAsync(wake.Set, cancellation);
        if (json || Console.IsOutputRedirected)
        {
            await FollowAsync(shown => Console.Out.WriteLine(json ? StatusReport.Json(shown) : StatusReport.Plain(shown)));
            return;
        }
        await AnsiConsole.Live(StatusReport.Table(statuses)).StartAsync(context => FollowAsync(shown => context.UpdateTarget(StatusReport.Table(shown))));

        async Task FollowAsync(Action<List<ExtensionStatus>> show)
        {
            while (!cancellation.IsCancellationRequested)
            {
                show(statuses);
                if (await Task.WhenAny(listening, wake.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, cancellation)) == listening)
                    await listening;
                statuses = await StatusQuery.ReadAsync(connection, number, cancellation);
            }
        }
    }
}
