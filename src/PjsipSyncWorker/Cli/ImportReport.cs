using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Import;

namespace PjsipSyncWorker.Cli;

/// <summary>Says in words what an import does. Never has a secret.</summary>
internal static class ImportReport
{
    /// <summary>Writes everything that a person wants to know before an import.</summary>
    public static async Task WriteAsync(TextWriter output, ImportPlan plan)
    {
        foreach (var row in plan.Rows)
            await LineAsync(output, Describe(row));
        if (plan.Rows.Count > 0)
            await output.WriteLineAsync();
        await WriteFindingsAsync(output, plan);
        await WriteUsesAsync(output, plan);
        foreach (var suggestion in SharedOptions.Suggestions(plan.Rows))
            await LineAsync(output, suggestion);
        await WriteSummaryAsync(output, plan);
    }

    /// <summary>Writes what does not come over, what differs, and which ids exist on both sides.</summary>
    public static async Task WriteFindingsAsync(TextWriter output, ImportPlan plan)
    {
        foreach (var note in plan.Inventory.Notes)
            await LineAsync(output, $"Note: {note}");
        await SectionAsync(output, "Stay where they are", plan.Inventory.Staying);
        await SectionAsync(output, "Cannot come over", plan.Inventory.Refused);
        await SectionAsync(output, "Left out", plan.Existing);
        await SectionAsync(output, "Come over with a difference", plan.Rows
            .SelectMany(row => row.Phone.Remarks.Select(remark => new Finding(row.Phone.Number, remark))));
        await SectionAsync(output, "Exist on both sides, so that the worker makes no endpoint of the row yet", plan.Foreign);
        if (plan.Foreign.Exists(finding => finding.Text.Contains("ps_", StringComparison.Ordinal)))
            await LineAsync(output, "Rows of ps_* tables are taken over by: pjsip-sync-worker sync-extensions --adopt");
    }

    /// <summary>Writes the counts in one line.</summary>
    public static Task WriteSummaryAsync(TextWriter output, ImportPlan plan) => LineAsync(output,
        $"{plan.Inventory.Source}: {Plural.Of(plan.Rows.Count, "phone")} to insert into {plan.Table.Name}, "
        + $"{plan.Existing.Count} already there, {plan.Inventory.Refused.Count} cannot come over, "
        + $"{Plural.Of(plan.Inventory.Staying.Count, "stays where it is", "stay where they are")}.");

    /// <summary>Returns a row in one line: its columns, and the names of its settings.</summary>
    private static string Describe(ImportedRow row)
    {
        var columns = row.Fields.Where(pair => pair.Name is not ("number" or "password" or "settings"))
            .Select(pair => $"{pair.Name}={pair.Value}");
        var settings = row.Settings.Count == 0 ? ""
            : $"  settings: {string.Join(", ", row.Settings.Select(setting => $"{setting.Key.Table.Section}.{setting.Key.Name}"))}";
        return $"{row.Phone.Number}  {string.Join("  ", columns)}{settings}".TrimEnd();
    }

    /// <summary>Writes what the rows name and Asterisk's files must have.</summary>
    private static async Task WriteUsesAsync(TextWriter output, ImportPlan plan)
    {
        foreach (var name in new[] { "transport", "context" })
        {
            var used = plan.Rows.Select(row => row.Phone.Options.FirstOrDefault(option =>
                option.Key.Table == Realtime.RealtimeTable.Endpoint && option.Key.Name == name).Value).Where(value => value is not null)
                .GroupBy(value => value, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ToList();
            if (used.Count > 0)
            {
                await LineAsync(output, $"Asterisk's files must have the {name}{Plural.S(used.Count)} "
                    + string.Join(", ", used.Select(group => $"{group.Key} ({Plural.Of(group.Count(), "phone")})")));
            }
        }
    }

    private static async Task SectionAsync(TextWriter output, string title, IEnumerable<Finding> findings)
    {
        // A reason that many phones have is said once.
        var isFirst = true;
        foreach (var group in findings.GroupBy(finding => finding.Text, finding => finding.Name, StringComparer.Ordinal))
        {
            if (isFirst)
                await output.WriteLineAsync($"{title}:");
            isFirst = false;
            await LineAsync(output, $"  {string.Join(", ", group)}: {group.Key}");
        }
    }

    private static Task LineAsync(TextWriter output, string text) => output.WriteLineAsync(UntrustedText.Escape(text));
}
