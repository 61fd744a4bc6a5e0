using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Registrations.Status;
using PjsipSyncWorker.Sync;
using PjsipSyncWorker.Tests.Documentation;

namespace PjsipSyncWorker.Tests.Hosting;

/// <summary>Categories are short, and a key of Logging:LogLevel may be short or long.</summary>
public sealed class LogCategoryTests
{
    [Theory]
    [InlineData("PjsipSyncWorker.Registrations.Nodes.NodeFollower", "Registrations")]
    [InlineData("PjsipSyncWorker.Sync.SyncService", "Sync")]
    [InlineData("Npgsql.Connection", "Npgsql.Connection")]
    [InlineData("PjsipSyncWorker", "PjsipSyncWorker")]
    public void Short_name_is_the_folder(string category, string name) => Assert.Equal(name, LogCategory.Short(category));

    [Theory]
    [InlineData("PjsipSyncWorker", true, true, true)]
    [InlineData("Sync", true, false, false)]
    [InlineData("sync", true, false, false)]
    [InlineData("PjsipSyncWorker.Sync", true, false, false)]
    [InlineData("Registrations", false, true, false)]
    [InlineData("PjsipSyncWorker.Registrations.Status.StatusWriter", false, true, false)]
    [InlineData("Ami", false, false, true)]
    public void A_level_is_set_by_the_short_name_or_by_a_prefix_of_the_long_one(string key, bool sync, bool status, bool ami)
    {
        foreach (var section in new[] { "LogLevel", "Console:LogLevel" })
        {
            using var services = new ServiceCollection()
                .AddLogging(logging => logging.AddWorkerLogging(new ConfigurationBuilder()
                    .AddInMemoryCollection([new($"Logging:{section}:{key}", "Debug")]).Build().GetSection("Logging")))
                .BuildServiceProvider();
            var loggers = services.GetRequiredService<ILoggerFactory>();

            Assert.Equal(
                (sync, status, ami),
                (loggers.CreateLogger<SyncService>().IsEnabled(LogLevel.Debug),
                    loggers.CreateLogger<StatusWriter>().IsEnabled(LogLevel.Debug),
                    loggers.CreateLogger<AmiConnection>().IsEnabled(LogLevel.Debug)));
        }
    }

    [Fact]
    public void Every_folder_that_logs_has_a_short_name()
    {
        var source = Path.Combine(Document.Root, "src", "PjsipSyncWorker");
        var folders = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("[LoggerMessage(", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(source, file).Split('/')[0]).Distinct();

        Assert.Equal(
            LogCategory.Names.Order(StringComparer.Ordinal), folders.Where(folder => folder != "obj").Order(StringComparer.Ordinal));
    }
}
