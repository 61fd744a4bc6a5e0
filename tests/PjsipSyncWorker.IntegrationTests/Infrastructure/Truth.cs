using System.Text.RegularExpressions;

namespace PjsipSyncWorker.IntegrationTests.Infrastructure;

/// <summary>What Asterisk itself says of its phones, beside what the table says.</summary>
internal static partial class Truth
{
    /// <summary>Waits until both say the same; what they say is in the failure.</summary>
    /// <param name="when">Which moment of the test this is.</param>
    public static Task AgreesAsync(AsteriskServer asterisk, TestDatabase database, string when, TimeSpan patience) => Eventually.Equal("agreed", async () =>
    {
        var asterisks = string.Join(',', Contacts().Matches(await asterisk.CliAsync("pjsip show contacts")).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
        var ours = await database.ScalarAsync<string>("select coalesce(string_agg(number, ',' order by number), '') from extensions where status = 'online'");
        return asterisks == ours ? "agreed" : $"{when}: asterisk [{asterisks}], the table [{ours}]";
    }, patience);

    [GeneratedRegex(@"Contact:  (\d+)/sip:")]
    private static partial Regex Contacts();
}
