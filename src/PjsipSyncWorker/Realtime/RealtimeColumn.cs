using System.Globalization;
using PjsipSyncWorker.Postgres;
using static PjsipSyncWorker.Extensions.Refusal;

namespace PjsipSyncWorker.Realtime;

/// <summary>What kind of value a column takes.</summary>
public enum ColumnKind
{
    /// <summary>Text, which is stored encoded (<see cref="RealtimeEncoding"/>).</summary>
    Text,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A number with decimals.</summary>
    Real,

    /// <summary>A boolean.</summary>
    Boolean,

    /// <summary>A label of an enum type, such as yes and no.</summary>
    Label,

    /// <summary>A type that the worker does not write.</summary>
    Other,
}

/// <summary>A column of ps_endpoints, ps_auths or ps_aors as this database has it.</summary>
/// <param name="Index">Its position in <see cref="RealtimeSchema.Columns"/>, which never changes.</param>
/// <param name="Table">The table that has it.</param>
/// <param name="Name">Its name, not quoted.</param>
/// <param name="SqlType">Its type as <c>format_type</c> writes it, with the schema where that is needed.</param>
/// <param name="Kind">What it takes.</param>
/// <param name="Labels">The labels of an enum type; null for other types.</param>
/// <param name="MaxLength">In characters, for varchar and char; null for other types.</param>
/// <param name="Codecs">
/// Codecs that some Asterisk here knows in addition to <see cref="CodecNames"/>; null for columns without codecs.
/// </param>
public sealed record RealtimeColumn(
    int Index, RealtimeTable Table, string Name, string SqlType, ColumnKind Kind,
    IReadOnlyList<string>? Labels, int? MaxLength, IReadOnlyList<string>? Codecs = null)
{
    /// <summary>The name as a quoted identifier.</summary>
    public string Quoted { get; } = Identifier.Quote(Name);

    /// <summary>Table and name as a person writes them, such as <c>ps_endpoints.callerid</c>.</summary>
    public string Display { get; } = $"{Table.Name}.{Name}";

    /// <summary>Whether values of this column are secrets, which are never shown.</summary>
    public bool IsSecret =>
        Table == RealtimeTable.Auth && Name is ("password" or "md5_cred" or "password_digest" or "refresh_token" or "oauth_secret");

    private readonly OptionRule? _rule = OptionRules.For(Table, Name, Codecs ?? []);

    /// <summary>
    /// Converts a value as a person writes it to the text that the database will give back for it, so that equal values compare equal. Text
    /// is encoded for realtime.
    /// </summary>
    /// <param name="problem">What would be right. Never repeats the value of a secret.</param>
    /// <returns>False when the column, or Asterisk, does not take the value.</returns>
    public bool TryAccept(string value, out string accepted, out string problem)
    {
        accepted = value;
        problem = "";
        if (_rule is not null && value.Length > 0 && !_rule(value, out value, out problem))
            return false;
        switch (Kind)
        {
            case ColumnKind.Text:
                if (value.Contains('\0', StringComparison.Ordinal))
                    return Refuse("must not hold a NUL character", out problem);
                accepted = OptionRules.MayRepeat(Name) ? RealtimeEncoding.Encode(value.Split('\n')) : RealtimeEncoding.Encode(value);
                return MaxLength is not { } most || CodePoints(accepted) <= most
                    || Refuse(accepted.Length == value.Length
                        ? $"is longer than the {most} characters that {Display} takes"
                        : $"is longer than the {most} characters that {Display} takes "
                            + "(each ; and ^ and each blank at an end counts as three)", out problem);
            case ColumnKind.Whole:
                if (!int.TryParse(value.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                    return Refuse("must be a whole number", out problem);
                accepted = number.ToString(CultureInfo.InvariantCulture);
                return true;
            case ColumnKind.Real:
                const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
                if (!decimal.TryParse(value.Trim(), style, CultureInfo.InvariantCulture, out var real)
                    || Math.Abs(real) > 1_000_000_000 || decimal.Round(real, 6) != real)
                    return Refuse("must be a number with at most six decimals", out problem);
                accepted = ((double)real).ToString("0.######", CultureInfo.InvariantCulture);
                return true;
            case ColumnKind.Boolean:
                if (YesOrNo(value) is not { } yes)
                    return Refuse("must be yes or no", out problem);
                accepted = yes ? "true" : "false";
                return true;
            case ColumnKind.Label:
                if (Labels!.Contains(value, StringComparer.Ordinal))
                    return true;
                // People also write true, on or 1 for the label yes.
                if (YesOrNo(value) is { } answer && Labels!.Contains(answer ? "yes" : "no", StringComparer.Ordinal))
                {
                    accepted = answer ? "yes" : "no";
                    return true;
                }
                return Refuse($"must be one of {string.Join(", ", Labels!)}", out problem);
            default:
                return Refuse($"cannot be set: {Display} has the type {SqlType}, which this worker does not write", out problem);
        }
    }

    private static bool? YesOrNo(string value) => value.Trim().ToLowerInvariant() switch
    {
        "yes" or "true" or "on" or "1" => true,
        "no" or "false" or "off" or "0" => false,
        _ => null,
    };

    private static int CodePoints(string text)
    {
        var count = text.Length;
        foreach (var c in text)
            if (char.IsLowSurrogate(c))
                count--;
        return count;
    }
}
