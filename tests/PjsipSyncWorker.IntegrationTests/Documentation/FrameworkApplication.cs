using Npgsql;

namespace PjsipSyncWorker.IntegrationTests.Documentation;

/// <summary>
/// An application as a page of docs/frameworks makes it: the skeleton of tests/frameworks, in which the blocks of the page that begin with
/// the name of a file are those files, and the blocks of shell are its commands.
/// </summary>
internal sealed class FrameworkApplication : IDisposable
{
    /// <summary>The application's role. It may create databases, as the test suites of most frameworks do, and nothing else.</summary>
    public const string Role = "app";

    private readonly string _folder = Directory.CreateTempSubdirectory("pjsip-sync-app.").FullName;
    private readonly string _page;
    private readonly bool _servesEvents;
    private readonly Dictionary<string, string> _environment;

    private FrameworkApplication(string page, bool servesEvents, TestDatabase database)
    {
        (_page, _servesEvents) = (page, servesEvents);
        var url = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var server = $"postgres://{Role}@{url.Host}:{url.Port}/";
        _environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{Programs}:/usr/local/bin:/usr/bin:/bin",
            ["DATABASE_URL"] = $"{server}{url.Database}",
            ["TEST_DATABASE_URL"] = $"{server}{url.Database}_test",
            ["BROADCAST_DRIVER"] = "log",
            ["PORT"] = $"{Ports.Next()}",
            // Otherwise Prisma asks the network for its native engines. The tests use the same engines as JavaScript.
            ["PRISMA_SCHEMA_ENGINE_BINARY"] = "/bin/true",
            ["PRISMA_QUERY_ENGINE_LIBRARY"] = "/bin/true",
            ["CHECKPOINT_DISABLE"] = "1",
        };
    }

    private string Programs => Path.Combine(_folder, ".programs");

    /// <summary>Writes the application of docs/frameworks/<paramref name="name"/>.md for a database that is its own.</summary>
    /// <param name="administrator">The environment of the worker's commands: of somebody who may run <c>init</c>.</param>
    public static async Task<FrameworkApplication> CreateAsync(string name, TestDatabase database, IEnumerable<string> administrator)
    {
        await ShellAsync($". {Repository.Script("lib.sh")}; need_framework {name}", TimeSpan.FromMinutes(10));
        var onNode = name is "node" or "drizzle" or "prisma";
        var skeleton = Path.Combine(Repository.Root, "tests", "frameworks", onNode ? "node" : name);
        var application = new FrameworkApplication($"docs/frameworks/{name}.md", servesEvents: onNode, database);
        await ShellAsync($"cp -a {skeleton}/. {application._folder}", TimeSpan.FromMinutes(1));
        if (onNode)
            await ShellAsync($". {Repository.Script("lib.sh")}; ln -s \"$node_modules\" {application._folder}/", TimeSpan.FromMinutes(1));
        // The applications of Node share the listener of their common page.
        foreach (var block in (onNode ? Document.Blocks("docs/frameworks/node.md") : []).Concat(Document.Blocks(application._page)))
            if (block.CopiedTo is { } file)
                await application.WriteAsync(file, block.Text + "\n");
        await application.WriteProgramAsync("python", "exec /usr/bin/python3");
        var words = administrator.Append($"ConnectionStrings__Postgres={database.ConnectionString}").Concat(WorkerProcess.Program);
        await application.WriteProgramAsync("pjsip-sync-worker", $"exec env {string.Join(' ', words.Select(word => $"'{word}'"))}");
        return application;
    }

    /// <summary>Runs each command under a heading of the page.</summary>
    /// <exception cref="CommandFailedException">One of them failed.</exception>
    public async Task RunAsync(string heading)
    {
        foreach (var command in Commands(heading))
        {
            var result = await Command.RunAsync(Shell(command), environment: _environment);
            if (result.ExitCode != 0)
                throw new CommandFailedException($"{_page}: {command} ended with {result.ExitCode}:\n{result.All}");
        }
    }

    /// <summary>Starts the one command under a heading of the page, which goes on until it is disposed.</summary>
    public RunningProgram Start(string heading)
    {
        var command = Shell(Commands(heading).Single());
        return new RunningProgram(Repository.Info(command[0], command[1..], _environment));
    }

    /// <summary>Reads the server-sent events of the program that runs, as a browser does; null: it serves none.</summary>
    public RunningProgram? OpenEvents() => _servesEvents
        ? new RunningProgram(Repository.Info("curl", ["-sN", $"http://127.0.0.1:{_environment["PORT"]}/phones"]))
        : null;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private List<string> Commands(string heading)
    {
        List<string> commands = [.. Document.Blocks(_page).Where(block => block.Heading == heading && block.Language == "sh")
            .Select(block => block.Text)];
        return commands.Count > 0 ? commands : throw new InvalidDataException($"{_page} has no commands under \"{heading}\"");
    }

    private string[] Shell(string command) => ["env", $"--chdir={_folder}", "bash", "-euo", "pipefail", "-c", command];

    private async Task WriteAsync(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text);
    }

    private async Task WriteProgramAsync(string name, string command)
    {
        await WriteAsync(Path.Combine(".programs", name), $"#!/bin/sh\n{command} \"$@\"\n");
        await ShellAsync($"chmod 755 {Path.Combine(Programs, name)}", TimeSpan.FromSeconds(5));
    }

    private static Task<CommandResult> ShellAsync(string script, TimeSpan limit) =>
        Command.ExpectAsync(["bash", "-euc", script], limit: limit);
}
