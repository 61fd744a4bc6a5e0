using System.Diagnostics;
using System.Text.Json;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>A real Prometheus that scrapes one worker every second, with the alerts of <c>monitoring/</c>.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _http;

    private PrometheusServer(Process process, DirectoryInfo folder, int port) =>
        (_process, _folder, _http) = (process, folder, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") });

    public static async Task<PrometheusServer> StartAsync(int metricsPort)
    {
        var folder = Directory.CreateTempSubdirectory("pjsip-sync-prometheus-");
        var (port, file) = (Ports.Next(), Path.Combine(folder.FullName, "prometheus.yml"));
        await File.WriteAllTextAsync(file, $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [ {{Path.Combine(Repository.Root, "monitoring", "alerts.yml")}} ]
            scrape_configs: [ { job_name: pjsip-sync-worker, static_configs: [ { targets: [ "localhost:{{metricsPort}}" ] } ] } ]
            """);
        var process = Process.Start(Repository.Info("prometheus",
            [$"--config.file={file}", $"--storage.tsdb.path={Path.Combine(folder.FullName, "data")}",
                $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]))!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new PrometheusServer(process, folder, port);
    }

    /// <summary>Returns how many series a query finds now; 0 while the server is still starting.</summary>
    public async Task<int> CountAsync(string query)
    {
        using var answer = await AskAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
        Assert.True(answer is null || answer.RootElement.GetProperty("status").GetString() == "success", $"{query}: {answer?.RootElement}");
        return answer?.RootElement.GetProperty("data").GetProperty("result").GetArrayLength() ?? 0;
    }

    /// <summary>Returns the labels of each series that the worker exposes.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> SeriesAsync()
    {
        using var answer = await AskAsync("/api/v1/series?match[]=%7Bjob%3D%22pjsip-sync-worker%22%7D");
        return [.. answer!.RootElement.GetProperty("data").EnumerateArray()
            .Select(series => series.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!))];
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<JsonDocument?> AskAsync(string path)
    {
        try
        {
            return JsonDocument.Parse(await _http.GetStringAsync(path));
        }
        catch (HttpRequestException error) when (error.StatusCode is null or System.Net.HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }
}
