using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Hosting;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>
/// Answers <c>/healthz</c> (no part is stuck) and <c>/readyz</c> (every part is well) on the port of the metrics, with 200 or 503 and
/// a line for each part, and <c>/</c> with links. Nothing on this port changes anything.
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
        // Everything that the listener of the exporter, at /metrics, does not take.
        listener.Prefixes.Add(Prefix(settings.Metrics, ""));
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
        var (request, response) = (context.Request, context.Response);
        // A page of another site can neither frame, sniff nor script what is here.
        response.Headers["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers["X-Content-Type-Options"] = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cache-Control"] = "no-store";
        var (status, type, text) = request.HttpMethod is "GET" or "HEAD"
            ? Page(request.Url?.AbsolutePath ?? "")
            : (HttpStatusCode.MethodNotAllowed, "plain", "Only GET and HEAD are answered.\n");
        response.StatusCode = (int)status;
        if (status == HttpStatusCode.MethodNotAllowed)
            response.Headers["Allow"] = "GET, HEAD";
        response.ContentType = $"text/{type}; charset=utf-8";
        var body = Encoding.UTF8.GetBytes(text);
        if (request.HttpMethod is "HEAD")
        {
            response.ContentLength64 = body.Length;
            response.Close();
        }
        else
        {
            response.Close(body, willBlock: false);
        }
    }

    private (HttpStatusCode Status, string Type, string Text) Page(string path) => path.TrimEnd('/') switch
    {
        "" => (HttpStatusCode.OK, "html", LandingPage.Html),
        AlivePath => (Status(health.Alive), "plain", HealthText.Lines(health.Parts)),
        ReadyPath => (Status(health.Ready), "plain", HealthText.Lines(health.Parts)),
        _ => (HttpStatusCode.NotFound, "plain", $"There are {AlivePath}, {ReadyPath}, {MetricsExporter.Path} and /.\n"),
    };

    private static HttpStatusCode Status(bool good) => good ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable;
}
