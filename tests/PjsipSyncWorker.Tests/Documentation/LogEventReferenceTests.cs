using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>docs/reference/log-events.md lists every log message of the worker: <c>scripts/docs.sh</c> writes it anew.</summary>
public sealed class LogEventReferenceTests
{
    private const string File = "docs/reference/log-events.md";
    private const string Begin = "<!-- from here on written by scripts/docs.sh, of the log messages in src -->\n";

    [Fact]
    public void The_reference_lists_every_log_message() => GeneratedPart.Check(File, Begin, Render());

    [Fact]
    public void Every_log_message_has_an_event_id_of_its_own()
    {
        Assert.Empty(Messages().GroupBy(message => message.EventId).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    private static string Render()
    {
        var text = new StringBuilder("| id | level | message |\n| --- | --- | --- |\n");
        foreach (var message in Messages().OrderBy(message => message.EventId))
            text.Append(CultureInfo.InvariantCulture, $"| {message.EventId} | {message.Level} | {message.Message} |\n");
        return text.ToString();
    }

    /// <summary>The log messages of the worker and of the libraries of this repository that it uses.</summary>
    private static IEnumerable<LoggerMessageAttribute> Messages()
    {
        var worker = typeof(WorkerSettings).Assembly;
        const BindingFlags all =
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return worker.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Asterisk.", StringComparison.Ordinal))
            .Select(Assembly.Load)
            .Append(worker).SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods(all))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>();
    }
}
