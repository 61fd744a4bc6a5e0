using System.Net;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Monitoring;

/// <summary>The page at <c>/</c>: which worker this is, and links to what the port has. It has no style, script or picture.</summary>
internal static class LandingPage
{
    /// <summary>Returns the page.</summary>
    public static string Html { get; } = $"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>pjsip-sync-worker</title></head>
        <body>
        <h1>pjsip-sync-worker</h1>
        <p>Version {WebUtility.HtmlEncode(BuildInfo.Version)}</p>
        <ul>
        <li><a href="metrics">metrics</a> for Prometheus</li>
        <li><a href="healthz">healthz</a>: is every part making progress?</li>
        <li><a href="readyz">readyz</a>: did the last pass of every part succeed?</li>
        </ul>
        </body>
        </html>

        """;
}
