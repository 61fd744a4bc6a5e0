using System.CommandLine;
using PjsipSyncWorker.Cli;
using PjsipSyncWorker.Hosting;

var config = new Option<string?>("--config")
{
    Description = "A configuration file over /etc/pjsip-sync-worker/appsettings.json",
    HelpName = "FILE",
    Recursive = true,
};
var root = new RootCommand(
    "Keeps Asterisk's PJSIP Realtime tables equal to an application's table of phone extensions, and its table's status true.")
{
    config,
    RunCommand.Create(config),
    InitCommand.Create(config),
    SyncExtensionsCommand.Create(config),
    VerifyConfigCommand.Create(config),
    StatusCommand.Create(config),
    ForgetNodeCommand.Create(config),
    HealthCommand.Create(config),
    RenderConfigCommand.Create(config),
    ImportCommand.Create(config),
};
root.SetAction((parsed, cancellation) => RunCommand.ExecuteAsync(parsed.GetValue(config), cancellation));
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0)
{
    return await parsed.InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
foreach (var error in parsed.Errors)
    await Console.Error.WriteLineAsync(error.Message);
await Console.Error.WriteLineAsync("Try pjsip-sync-worker --help");
return ExitCode.Usage;
