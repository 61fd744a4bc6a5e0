using System.Text;
using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Documentation;

/// <summary>docs/reference/configuration.md is what the settings are: <c>scripts/docs.sh</c> writes it anew.</summary>
public sealed class ConfigurationReferenceTests
{
    private const string File = "docs/reference/configuration.md";
    private const string Begin = "<!-- from here on written by scripts/docs.sh, of what src/PjsipSyncWorker/Configuration says -->\n";

    [Fact]
    public void The_reference_is_what_the_settings_are() => GeneratedPart.Check(File, Begin, ConfigurationReference.Render());

    [Fact]
    public void The_reference_has_each_record_that_declares_a_setting() => Assert.Equal(
        typeof(WorkerSettings).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(WorkerSettings).Namespace
                && type.Name.EndsWith("Settings", StringComparison.Ordinal) && type != typeof(WorkerSettings))
            .Where(type => Setting.Of(type).Any())
            .Select(type => type.Name).Order(StringComparer.Ordinal),
        ConfigurationReference.Sections.Select(section => section.Defaults.GetType().Name).Order(StringComparer.Ordinal));

    /// <summary>A key that the reader does not know is a problem, so this proves that the reader reads each key at its place.</summary>
    [Fact]
    public void Every_key_of_the_reference_can_be_given()
    {
        foreach (var key in ConfigurationReference.Keys)
        {
            var problems = ProblemsWith(key.Path.Replace("NAME", "Number", StringComparison.Ordinal));

            Assert.DoesNotContain(problems, problem => problem.Contains("is not known", StringComparison.Ordinal));
            Assert.DoesNotContain(problems, problem => problem.Contains("must be a s", StringComparison.Ordinal));
        }
    }

    /// <summary>An example that somebody copies must be one that the worker takes.</summary>
    [Fact]
    public void Every_json_of_the_documents_is_a_configuration()
    {
        var examples = Document.All.SelectMany(Document.Blocks).Where(block => block.Language == "json").ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example =>
        {
            var json = example.Text.TrimStart().StartsWith('{') ? example.Text : $"{{ {example.Text} }}";
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
            SettingsReader.Read(new ConfigurationBuilder().AddJsonStream(stream).Build());
        });
    }

    private static IReadOnlyList<string> ProblemsWith(string key)
    {
        try
        {
            SettingsReader.Read(new ConfigurationBuilder()
                .AddInMemoryCollection(new Dictionary<string, string?> { ["Asterisk:Nodes:0:Secret"] = "x", [key] = "1" }).Build());
            return [];
        }
        catch (SettingsException error)
        {
            return error.Problems;
        }
    }
}
