using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>docs/reference/log-events.md lists every log message of the worker: <c>scripts/docs.sh</c> writes it anew.</summary>
public sealed partial class LogEventReferenceTests
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

    /// <summary>The text of each log message, and the names of its parameters that are whole numbers.</summary>
    internal static IEnumerable<(string Text, IReadOnlyList<string> Numbers)> MessagesWithParameters() =>
        Methods().Select(log => (log.Message.Message, (IReadOnlyList<string>)
            [.. Placeholders().Matches(log.Message.Message).Select(placeholder => placeholder.Groups[1].Value)
                .Where(name => name != "Port" && log.Method.GetParameters().Any(parameter =>
                    parameter.Name!.Equals(name, StringComparison.OrdinalIgnoreCase)
                    && (parameter.ParameterType == typeof(int) || parameter.ParameterType == typeof(long))))]));

    /// <summary>The log messages of the worker.</summary>
    private static IEnumerable<LoggerMessageAttribute> Messages() => Methods().Select(log => log.Message);

    private static IEnumerable<(MethodInfo Method, LoggerMessageAttribute Message)> Methods()
    {
        const BindingFlags all =
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return from type in typeof(WorkerSettings).Assembly.GetTypes()
               from method in type.GetMethods(all)
               let message = method.GetCustomAttribute<LoggerMessageAttribute>()
               where message is not null
               select (method, message);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholders();
}
