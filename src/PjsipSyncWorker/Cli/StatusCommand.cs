using System.CommandLine;
using Npgsql;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Postgres;
using Spectre.Console;

namespace PjsipSyncWorker.Cli;

/// <summary><c>status</c>: shows which phones are registered, of one or all extensions, once or at each change.</summary>
internal static class StatusCommand
{
    /// <summary>Columns of the table when the output is no terminal, so that no cell is wrapped.</summary>
    private const int RedirectedWidth = 240;

    /// <summary>How often <c>--watch</c> reads the status without a notification.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    /// <summary>Silence of the listening connection after which it is probed.</summary>
    private static readonly TimeSpan ListenerProbeInterval = TimeSpan.FromSeconds(10);

    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var number = new Argument<string?>("NUMBER") { Description = "One extension; all when left out", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "One JSON array on standard output" };
        var watch = new Option<bool>("--watch") { Description = "Keep showing it as it changes" };
        var command = new Command("status", "Show the registration status of one or all extensions") { number, json, watch };
        command.SetAction((parsed, cancellation) => CommandRunner.RunOnDatabaseAsync(
            parsed.GetValue(config),
            (_, dataSource, connection) => ShowAsync(
                dataSource, connection, parsed.GetValue(number), parsed.GetValue(json), parsed.GetValue(watch), cancellation),
            cancellation));
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
                AnsiConsole.Profile.Width = RedirectedWidth;
            AnsiConsole.Write(StatusReport.Table(statuses));
            var rejected = number is null ? await StatusQuery.RejectedAsync(connection, cancellation) : [];
            foreach (var line in StatusReport.Problems([.. statuses, .. rejected]))
                await Console.Out.WriteLineAsync(line);
            foreach (var line in await StatusQuery.WaitingAsync(connection, cancellation))
                await Console.Out.WriteLineAsync(UntrustedText.Escape(line));
        }
        return ExitCode.Good;
    }

    /// <summary>Redraws the table on a terminal. Elsewhere prints all lines, or one JSON array, at each change.</summary>
    private static async Task WatchAsync(
        NpgsqlDataSource dataSource, NpgsqlConnection connection, string? number, bool json, List<ExtensionStatus> statuses,
        CancellationToken cancellation)
    {
        var wake = new AsyncAutoResetEvent();
        await using var listener = await ChannelListener.OpenAsync(
            dataSource, Channels.ExtensionStatus, ListenerProbeInterval, cancellation);
        var listening = listener.RunAsync(wake.Set, cancellation);
        if (json || Console.IsOutputRedirected)
        {
            await FollowAsync(shown => Console.Out.WriteLine(json ? StatusReport.Json(shown) : StatusReport.Plain(shown)));
            return;
        }
        await AnsiConsole.Live(StatusReport.Table(statuses)).StartAsync(context =>
            FollowAsync(shown => context.UpdateTarget(StatusReport.Table(shown))));

        async Task FollowAsync(Action<List<ExtensionStatus>> show)
        {
            while (!cancellation.IsCancellationRequested)
            {
                show(statuses);
                if (await Task.WhenAny(listening, wake.WaitAsync(PollInterval, TimeProvider.System, cancellation)) == listening)
                    await listening;
                statuses = await StatusQuery.ReadAsync(connection, number, cancellation);
            }
        }
    }
}
