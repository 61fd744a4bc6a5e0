using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace PjsipSyncWorker.Hosting;

/// <summary>
/// The names of log categories as people see and configure them: the folder of a class instead of its full name, <c>Sync</c> instead of
/// <c>PjsipSyncWorker.Sync.SyncService</c>. Levels are looked up by the full name, so that a key such as
/// <c>Logging:LogLevel:PjsipSyncWorker.Sync</c> means the same.
/// </summary>
internal static class LogCategory
{
    /// <summary>The prefix of every category of the worker.</summary>
    public const string Root = "PjsipSyncWorker";

    /// <summary>The short names, which are folders, each with events of its own.</summary>
    public static readonly IReadOnlyList<string> Names = ["Sync", "Registrations", "Ami", "Monitoring", "Hosting"];

    /// <summary>Returns the short name of a category of the worker; another category as it is.</summary>
    public static string Short(string category)
    {
        var parts = category.Split('.');
        return parts.Length > 1 && parts[0] == Root ? parts[1] : category;
    }

    /// <summary>Lets rules name a category by its short name.</summary>
    public static void ExpandNames(LoggerFilterOptions options)
    {
        for (var i = 0; i < options.Rules.Count; i++)
        {
            var rule = options.Rules[i];
            if (Names.FirstOrDefault(name => name.Equals(rule.CategoryName, StringComparison.OrdinalIgnoreCase)) is { } name)
                options.Rules[i] = new LoggerFilterRule(rule.ProviderName, $"{Root}.{name}", rule.LogLevel, rule.Filter);
        }
    }
}

/// <summary>The console logger, with short names of categories.</summary>
[ProviderAlias("Console")]
internal sealed class ShortNameProvider(ConsoleLoggerProvider console) : ILoggerProvider, ISupportExternalScope
{
    public ILogger CreateLogger(string categoryName) => console.CreateLogger(LogCategory.Short(categoryName));

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => console.SetScopeProvider(scopeProvider);

    /// <summary>Writes what is still in the queue.</summary>
    public void Dispose() => console.Dispose();
}
