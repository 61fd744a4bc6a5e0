using System.CommandLine;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary><c>config</c>: prints every key in force, and where its value comes from. Secrets are masked.</summary>
internal static class ConfigCommand
{
    /// <summary>The column of the sources, if the text before it is not longer.</summary>
    private const int SourceColumn = 56;

    /// <summary>Creates the command with its options.</summary>
    /// <param name="config">The option <c>--config</c>, which all commands share.</param>
    public static Command Create(Option<string?> config)
    {
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output" };
        var command = new Command("config", "Print the configuration in force and where each value comes from, without secrets") { json };
        command.SetAction((parsed, _) => CommandRunner.RunAsync(parsed.GetValue(config), (configuration, _) =>
        {
            var reading = new SettingsReading(configuration);
            SettingsReader.Read(configuration, reading);
            List<string> files = [.. SettingsSources.Files((IConfigurationRoot)configuration)];
            if (parsed.GetValue(json))
                Console.WriteLine(Json(files, reading.InForce));
            else
                WriteText(files, reading.InForce);
            return Task.FromResult(ExitCode.Good);
        }));
        return command;
    }

    /// <summary>One JSON object on one line. Programs read it: keys are never renamed or removed.</summary>
    internal static string Json(IReadOnlyList<string> files, IReadOnlyList<SettingInForce> settings) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("files");
        foreach (var file in files)
            writer.WriteStringValue(file);
        writer.WriteEndArray();
        writer.WriteStartArray("settings");
        foreach (var setting in settings)
        {
            writer.WriteStartObject();
            writer.WriteString("key", setting.Key);
            writer.WriteString("value", setting.Value);
            writer.WriteString("source", setting.Place);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void WriteText(List<string> files, IReadOnlyList<SettingInForce> settings)
    {
        Console.WriteLine(files.Count == 0 ? "# No configuration file was read." : $"# Read: {string.Join(", ", files)}");
        foreach (var setting in settings)
        {
            var text = $"{setting.Key} = {UntrustedText.Escape(setting.Value)}";
            Console.WriteLine($"{text.PadRight(SourceColumn)}  # {setting.Place ?? "default"}");
        }
    }
}
