using Npgsql;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>Says that no extension has a number, and which extension may have been meant.</summary>
internal static class StatusSuggestions
{
    private const int Most = 3;
    private const int LongestNumber = 79;

    /// <summary>Returns the message: with numbers that are one slip away, that begin with the text, or whose name holds the text.</summary>
    public static async Task<string> MessageAsync(NpgsqlConnection connection, string number, CancellationToken cancellation)
    {
        var near = number.Length is 0 or > LongestNumber ? [] : await NearAsync(connection, number, cancellation);
        var meant = near.Count == 0 ? "" : $"; did you mean {string.Join(" or ", near.Select(UntrustedText.Escape))}?";
        var prefix = number.EndsWith('*') ? $"; for all that begin with {Beginning(number)}: status --prefix {Beginning(number)}" : "";
        return $"{UntrustedText.Escape(number)}: no extension has this number{meant}{prefix}";
    }

    private static string Beginning(string number) => UntrustedText.Escape(number[..^1]);

    /// <summary>
    /// Returns LIKE patterns of all numbers that differ by one slip: a character that is wrong, missing or too many, or two that are
    /// swapped.
    /// </summary>
    public static IEnumerable<string> OneSlipAway(string number)
    {
        for (var i = 0; i <= number.Length; i++)
        {
            yield return Pattern(number[..i], "_", number[i..]);
            if (i == number.Length)
                continue;
            yield return Pattern(number[..i], "_", number[(i + 1)..]);
            if (number.Length > 1)
                yield return Pattern(number[..i], "", number[(i + 1)..]);
            if (i > 0)
                yield return Pattern(number[..(i - 1)], Literal($"{number[i]}{number[i - 1]}"), number[(i + 1)..]);
        }
    }

    private static async Task<List<string>> NearAsync(NpgsqlConnection connection, string number, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            select case when coalesce(display_name, '') = '' then number else format('%s (%s)', number, display_name) end
            from pjsip_sync.extensions()
            where number like any ($1) or number like $2 || '%' or display_name ilike '%' || $2 || '%'
            order by number like any ($1) desc, number like $2 || '%' desc, length(number), number collate "C"
            limit $3
            """, connection);
        command.Parameters.Add(Parameter.Texts(OneSlipAway(number).Distinct()));
        command.Parameters.Add(Parameter.Text(Literal(number)));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Most });
        return await command.ReadTextsAsync(cancellation);
    }

    private static string Pattern(string before, string middle, string after) => Literal(before) + middle + Literal(after);

    private static string Literal(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
