using System.CommandLine;
using System.Net;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Monitoring;

namespace PjsipSyncWorker.Cli;

/// <summary><c>health</c>: asks the daemon that runs with this configuration; for a container's HEALTHCHECK.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Command Create(Option<string?> config)
    {
        var ready = new Option<bool>("--ready") { Description = "Ask whether every part is well, not only whether it makes progress" };
        var command = new Command("health", "Ask the running daemon how it is (exit code 0: well, 1: not, 3: no answer)") { ready };
        command.SetAction((parsed, cancellation) => CommandRunner.RunAsync(parsed.GetValue(config),
            settings => AskAsync(settings.Metrics, parsed.GetValue(ready) ? HealthEndpoint.ReadyPath : HealthEndpoint.AlivePath, cancellation)));
        return command;
    }

    private static async Task<int> AskAsync(MetricsSettings metrics, string path, CancellationToken cancellation)
    {
        if (!metrics.Enabled)
            throw new SettingsException(["Metrics:Enabled is false: the daemon answers on the port of the metrics"]);
        var address = HealthEndpoint.Address(metrics, path);
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            using var answer = await http.GetAsync(address, cancellation);
            await Console.Out.WriteAsync(await answer.Content.ReadAsStringAsync(cancellation));
            return answer.StatusCode == HttpStatusCode.OK ? ExitCode.Good : ExitCode.Problems;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"No answer from {address}: {error.Message}");
            return ExitCode.Unreachable;
        }
    }
}
