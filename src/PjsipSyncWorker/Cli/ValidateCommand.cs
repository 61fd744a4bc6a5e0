using System.CommandLine;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>validate</c>: checks the configuration without any server, for a pipeline or before a file is put into its place.</summary>
internal static class ValidateCommand
{
    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "A file to check by itself, in place of the configuration in force. It may lack secrets",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("validate", "Check the configuration, or a file, without a server") { file };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is not null && result.GetValue(config) is not null)
                result.AddError("validate takes FILE or --config, not both: FILE is checked by itself");
        });
        command.SetAction((parsed, _) => parsed.GetValue(file) is { } alone
            ? CommandRunner.RunAsync(() => Task.FromResult(Check(SettingsSources.LoadAlone(alone), mayLackSecrets: true)))
            : CommandRunner.RunAsync(
                () => Task.FromResult(Check(SettingsSources.Load(parsed.GetValue(config)), mayLackSecrets: false))));
        return command;
    }

    /// <exception cref="SettingsException">There are problems.</exception>
    private static int Check(IConfigurationRoot configuration, bool mayLackSecrets)
    {
        var reading = new SettingsReading(configuration) { MayLackSecrets = mayLackSecrets };
        SettingsReader.Read(configuration, reading);
        foreach (var key in reading.MissingSecrets)
            Console.WriteLine($"{key} is not in this file: a variable of the environment or a credential must give it.");
        var files = string.Join(", ", SettingsSources.Files(configuration));
        Console.WriteLine(files.Length == 0 ? "No configuration file was read. The configuration can be used."
            : $"{files}: the configuration can be used.");
        return ExitCode.Good;
    }
}
