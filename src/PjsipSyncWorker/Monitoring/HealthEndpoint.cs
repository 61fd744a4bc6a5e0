using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Hosting;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// Answers <c>/healthz</c> (no part is stuck) and <c>/readyz</c> (every part is well) on the port of the metrics, with 200 or 503 and
/// a line for each part.
/// </summary>
internal sealed class HealthEndpoint(Health health, WorkerSettings settings) : BackgroundService
{
    /// <summary>Answers 200 while no part is stuck.</summary>
    public const string AlivePath = "/healthz";

    /// <summary>Answers 200 while every part is well.</summary>
    public const string ReadyPath = "/readyz";

    /// <summary>The address at which the daemon with these settings answers.</summary>
    public static Uri Address(MetricsSettings metrics, string path) =>
        new UriBuilder(Uri.UriSchemeHttp, IsEveryAddress(metrics) ? "localhost" : metrics.Host, metrics.Port, path).Uri;

    /// <summary>The address as a prefix for HttpListener, which must end with a slash and also matches without it.</summary>
    public static string Prefix(MetricsSettings metrics, string path) => IsEveryAddress(metrics)
        ? $"http://*:{metrics.Port.ToString(CultureInfo.InvariantCulture)}{path}/"
        : Address(metrics, path + "/").AbsoluteUri;

    private static bool IsEveryAddress(MetricsSettings metrics) => metrics.Host is "*";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = new HttpListener();
        foreach (var path in new[] { AlivePath, ReadyPath })
            listener.Prefixes.Add(Prefix(settings.Metrics, path));
        listener.Start();
        await using var stopping = stoppingToken.Register(listener.Abort);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Answer(await listener.GetContextAsync());
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                // The client has disconnected, or the daemon is ending.
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var good = context.Request.Url?.AbsolutePath.TrimEnd('/') == AlivePath ? health.Alive : health.Ready;
        context.Response.StatusCode = (int)(good ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Close(Encoding.UTF8.GetBytes(HealthText.Lines(health.Parts)), willBlock: false);
    }
}
