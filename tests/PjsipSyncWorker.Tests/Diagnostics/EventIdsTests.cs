using System.Reflection;
using System.Text.RegularExpressions;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Tests.Documentation;

namespace PjsipSyncWorker.Tests.Diagnostics;

/// <summary>Users filter their logs by event id, so an id names one message, for ever.</summary>
public sealed partial class EventIdsTests
{
    private static readonly (string Name, int Id)[] Declared =
    [
        .. typeof(EventIds).GetFields(BindingFlags.Static | BindingFlags.Public)
            .Select(field => (field.Name, (int)field.GetRawConstantValue()!)),
    ];

    /// <summary>The first argument of each LoggerMessage attribute, with the file that has it.</summary>
    private static readonly (string File, string Argument)[] Used =
    [
        .. from file in Directory.EnumerateFiles(Path.Combine(Document.Root, "src"), "*.cs", SearchOption.AllDirectories)
           let path = Path.GetRelativePath(Document.Root, file)
           where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
           from Match attribute in FirstArgument().Matches(File.ReadAllText(file))
           select (path, attribute.Groups[1].Value),
    ];

    [Fact]
    public void Each_id_is_declared_once() => Assert.Distinct(Declared.Select(declared => declared.Id));

    [Fact]
    public void Each_message_takes_an_id_from_the_list_that_no_other_message_takes() =>
        Assert.Equal(
            Declared.Select(declared => $"EventIds.{declared.Name}").Order(StringComparer.Ordinal),
            Used.Select(used => used.Argument).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("Sync", 1000, 1999)]
    [InlineData("Registrations", 2000, 2999)]
    [InlineData("Ami", 3000, 3999)]
    [InlineData("Hosting", 4000, 4099)]
    [InlineData("Monitoring", 4100, 4199)]
    public void The_messages_of_a_folder_have_ids_of_its_range(string folder, int first, int last)
    {
        var ids = Declared.ToDictionary(declared => $"EventIds.{declared.Name}", declared => declared.Id);
        var messages = Used.Where(used => used.File.Split('/', '.').Contains(folder)).ToList();

        Assert.NotEmpty(messages);
        Assert.All(messages, used => Assert.InRange(ids[used.Argument], first, last));
    }

    [GeneratedRegex(@"\[LoggerMessage\(\s*([^,)]+)")]
    private static partial Regex FirstArgument();
}
