using System.Globalization;
using System.Text.RegularExpressions;
using PjsipSyncWorker.SystemTests.Infrastructure;

namespace PjsipSyncWorker.SystemTests;

/// <summary>The PostgreSQL of the integration tests in a container, seen with one of their classes.</summary>
[Collection(DockerEngine.Collection)]
public sealed class PostgresContainerTests(DockerEngine engine)
{
    private static readonly string Program = Path.Combine(
        Repository.Root, "tests", "PjsipSyncWorker.IntegrationTests", "bin", "Debug", "net10.0", "PjsipSyncWorker.IntegrationTests");

    [Fact]
    public async Task Integration_tests_use_one_container_where_an_engine_answers()
    {
        var since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

        AssertAllPassed(await RunAsync($"PJSIP_SYNC_TEST_PG_IMAGE={DockerEngine.PostgresImage}"));

        var until = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Assert.Matches("^[0-9a-f]+$", await engine.DockerAsync("events", "--since", since, "--until", until,
            "--filter", "event=start", "--filter", $"image={DockerEngine.PostgresImage}", "--format", "{{.ID}}"));
    }

    [Fact]
    public async Task Missing_requested_image_fails_the_integration_tests_by_name()
    {
        var found = await RunAsync("PJSIP_SYNC_TEST_PG_IMAGE=localhost:1/no-such-image");

        Assert.NotEqual(0, found.ExitCode);
        Assert.Contains("PJSIP_SYNC_TEST_PG_IMAGE asks for a container of localhost:1/no-such-image", found.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Integration_tests_without_an_engine_use_a_private_cluster_and_say_so()
    {
        var found = await RunAsync("DOCKER_HOST=unix:///nowhere/docker.sock");

        Assert.Contains("No PostgreSQL in a container", found.All, StringComparison.Ordinal);
        AssertAllPassed(found);
    }

    /// <summary>
    /// Runs a class of the integration tests. They run beside the engine so that they reach its ports. A reaper of containers has no
    /// image here, and Debian's engine may be older than what Testcontainers speaks by itself.
    /// </summary>
    private async Task<CommandResult> RunAsync(string setting)
    {
        if (!File.Exists(Program))
        {
            var project = Path.Combine(Repository.Root, "tests", "PjsipSyncWorker.IntegrationTests");
            await Command.ExpectAsync(["dotnet", "build", project, "-v", "quiet", "--nologo"], limit: TimeSpan.FromMinutes(10));
        }
        var version = await engine.DockerAsync("version", "-f", "{{.Server.APIVersion}}");
        return await engine.BesideAsync(
            [
                "env", "TESTCONTAINERS_RYUK_DISABLED=true", $"DOCKER_API_VERSION={version}", setting,
                Program, "-noColor", "-class", "*.MappingTests",
            ],
            TimeSpan.FromMinutes(15));
    }

    private static void AssertAllPassed(CommandResult found) =>
        Assert.Matches(new Regex("Total: [1-9][0-9]*, Errors: 0, Failed: 0, Skipped: 0"), found.All);
}
