using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace PjsipSyncWorker.Hosting;

/// <summary>Where and how the daemon logs: standard output, as JSON, for the journal, or as plain lines.</summary>
internal static class WorkerLogging
{
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    /// <param name="section">The section Logging: the levels, and <c>Format</c>, of which <c>json</c> is the only special value.</param>
    public static void AddWorkerLogging(this ILoggingBuilder logging, IConfigurationSection section)
    {
        logging.AddConfiguration(section);
        if (string.Equals(section["Format"], "json", StringComparison.OrdinalIgnoreCase))
            logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = (TimestampFormat, true));
        else if (WritesToJournal)
            logging.AddSystemdConsole(); // Without a time, because the journal has its own; with a priority for each line.
        else
            logging.AddSimpleConsole(console =>
                (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, TimestampFormat + " ", true));
        logging.ClearProviders();
        logging.Services.AddSingleton<ConsoleLoggerProvider>();
        logging.Services.AddSingleton<ILoggerProvider, ShortNameProvider>();
        logging.Services.PostConfigure<LoggerFilterOptions>(LogCategory.ExpandNames);
        logging.AddFilter("Npgsql", LogLevel.Warning).AddFilter("Microsoft.Hosting", LogLevel.Warning).AddFilter("Polly", LogLevel.Error);
        // The loops log why a connection failed. Npgsql adds an error with a stack trace for each connection that it then cannot close.
        logging.AddFilter("Npgsql.Connection", LogLevel.Critical);
    }

    /// <summary>
    /// Whether systemd started this process and reads its output. SystemdHelpers of the framework is not used, because it
    /// looks at the parent process in /proc, which a hardened unit cannot see.
    /// </summary>
    private static bool WritesToJournal =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 }
        && Environment.GetEnvironmentVariable("SYSTEMD_EXEC_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
}
