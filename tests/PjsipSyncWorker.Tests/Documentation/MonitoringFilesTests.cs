using System.Text.Json;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>What <c>monitoring/</c> says to a person: the alerts and the dashboard.</summary>
public sealed partial class MonitoringFilesTests
{
    private const string Runbook = "file:///usr/share/doc/pjsip-sync-worker/docs/operate/troubleshooting.md#";

    /// <summary>Panels whose value is good or bad, so that the colour says which.</summary>
    private static readonly string[] Judged =
    [
        "Rejected", "Oldest change that waits", "Asterisk connected", "Last full comparison", "Drift repaired", "AMI reconnects",
        "Longest wait for an announcement", "Database connected",
    ];

    [Fact]
    public void Each_alert_has_a_summary_a_description_and_a_section_of_the_troubleshooting_page()
    {
        var alerts = Alert().Split(Document.Read("monitoring/alerts.yml"))[1..].Chunk(2).ToDictionary(part => part[0], part => part[1]);
        var sections = Heading().Matches(Document.Read("docs/operate/troubleshooting.md")).Select(heading => heading.Groups[1].Value);

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert =>
        {
            Assert.Matches(@"\n          summary: \S", alert.Value);
            Assert.Matches(@"\n          description: ""\w.{20,}""", alert.Value);
            Assert.Contains($"runbook_url: {Runbook}{alert.Key.ToLowerInvariant()}\n", alert.Value + "\n", StringComparison.Ordinal);
        });
        Assert.Equal(alerts.Keys.Order(StringComparer.Ordinal), sections.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_panel_has_a_description_and_is_of_the_chosen_worker()
    {
        using var dashboard = JsonDocument.Parse(Document.Read("monitoring/grafana-dashboard.json"));
        var root = dashboard.RootElement;
        var panels = root.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _)).ToList();

        Assert.Contains(root.GetProperty("templating").GetProperty("list").EnumerateArray(),
            variable => variable.GetProperty("name").GetString() == "instance");
        Assert.Distinct(root.GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("id").GetInt32()));
        Assert.All(panels, panel =>
        {
            Assert.InRange(panel.GetProperty("description").GetString()!.Length, 20, 200);
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                var query = target.GetProperty("expr").GetString()!;
                Assert.Equal(Metric().Count(query), Regex.Count(query, @"\{instance=~""\$instance"""));
            }
        });
    }

    [Fact]
    public void A_panel_that_judges_has_another_colour_when_the_value_is_bad()
    {
        using var dashboard = JsonDocument.Parse(Document.Read("monitoring/grafana-dashboard.json"));
        var colours = dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .Select(panel => (Title: panel.GetProperty("title").GetString()!, Panel: panel))
            .Where(panel => Judged.Contains(panel.Title)).ToDictionary(panel => panel.Title, panel => Colours(panel.Panel));

        Assert.Equal(Judged.Order(StringComparer.Ordinal), colours.Keys.Order(StringComparer.Ordinal));
        Assert.All(colours.Values, steps =>
        {
            Assert.Single(steps, "green");
            Assert.Contains(steps, step => step is "orange" or "red");
        });
    }

    private static List<string?> Colours(JsonElement panel) =>
        [.. panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("thresholds").GetProperty("steps").EnumerateArray()
            .Select(step => step.GetProperty("color").GetString())];

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex("^### (PjsipSync\\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\b(pjsip_sync|process|dotnet)_\w+|\bdb_client_connections\b")]
    private static partial Regex Metric();
}
