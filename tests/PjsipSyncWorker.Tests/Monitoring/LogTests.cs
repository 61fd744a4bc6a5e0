using System.Reflection;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Tests.Monitoring;

/// <summary>Somebody's filter or alarm relies on an event id.</summary>
public sealed class LogTests
{
    [Fact]
    public void Each_message_has_an_event_id_of_its_own()
    {
        var messages = typeof(UntrustedText).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method.Name, Message: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(method => method.Message is not null)
            .ToList();

        Assert.InRange(messages.Count, 25, 1000);
        Assert.All(messages, message => Assert.InRange(message.Message!.EventId, 1000, 9999));
        Assert.Empty(messages.GroupBy(message => message.Message!.EventId).Where(same => same.Count() > 1).Select(same => string.Join(", ", same.Select(message => message.Name))));
    }
}
