using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace PjsipSyncWorker.Configuration;

/// <summary>
/// One key of the configuration. A property of a settings record declares it: the property's name is the key, its initializer
/// the default, its type and range attribute say which values are allowed. Its documentation is the text of
/// docs/reference/configuration.md.
/// </summary>
internal sealed class Setting
{
    private readonly PropertyInfo _property;

    private Setting(PropertyInfo property) => _property = property;

    /// <summary>The key within its section: <c>BatchSize</c>.</summary>
    public string Key => _property.Name;

    /// <summary>Whether the key is a list of texts: <c>[ "udp", "tcp" ]</c>.</summary>
    public bool IsList => _property.PropertyType == typeof(IReadOnlyList<string>);

    /// <summary>Whether the key is a section of any names, each with a text.</summary>
    public bool IsMap => _property.PropertyType == typeof(IReadOnlyDictionary<string, string>);

    /// <summary>What the value must be, in words that follow "must be".</summary>
    public string Wanted
    {
        get
        {
            if (IsList)
                return "a list";
            if (_property.PropertyType == typeof(bool))
                return "true or false";
            if (_property.PropertyType == typeof(double))
                return "a number from 0 to 1";
            if (NumberRange is { } numbers)
                return $"a whole number from {numbers.Least} to {numbers.Most}";
            return DurationRange is { } times ? $"a time from {times.Least:c} to {times.Most:c} as hours:minutes:seconds" : "text";
        }
    }

    /// <summary>A value of this setting as text that anybody may see: a secret is <c>***</c>.</summary>
    public string Show(object? value) =>
        _property.GetCustomAttribute<SecretAttribute>() is { } secret && value is string { Length: > 0 } text
            ? secret.IsConnection ? ConnectionText.Mask(text) : ConnectionText.Masked
            : value switch
            {
                null => "",
                bool flag => flag ? "true" : "false",
                IReadOnlyList<string> list => string.Join(", ", list),
                _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            };

    private NumberRangeAttribute? NumberRange => _property.GetCustomAttribute<NumberRangeAttribute>();

    private DurationRangeAttribute? DurationRange => _property.GetCustomAttribute<DurationRangeAttribute>();

    /// <summary>The settings that a record declares, in the order of its properties. Properties of another type are sections.</summary>
    public static IEnumerable<Setting> Of([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type record) =>
        record.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.CanWrite)
            .Select(property => new Setting(property))
            .Where(setting => setting.IsList || setting.IsMap || setting.IsScalar);

    private bool IsScalar => (Nullable.GetUnderlyingType(_property.PropertyType) ?? _property.PropertyType) is var type
        && (type == typeof(string) || type == typeof(int) || type == typeof(double) || type == typeof(bool) || type == typeof(TimeSpan));

    /// <summary>The value in <paramref name="record"/>; null when the setting is optional and not given.</summary>
    public object? Get(object record) => _property.GetValue(record);

    /// <summary>Sets the value in a record that nobody else has seen yet.</summary>
    public void Set(object record, object? value) => _property.SetValue(record, value);

    /// <summary>Reads the text of a scalar setting.</summary>
    /// <returns>Null when the text is not what <see cref="Wanted"/> says.</returns>
    public object? Parse(string text)
    {
        var type = _property.PropertyType;
        if (type == typeof(string))
            return text;
        if (type == typeof(bool))
            return bool.TryParse(text, out var flag) ? flag : null;
        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
                && share is >= 0 and <= 1 ? share : null;
        }
        if (NumberRange is { } numbers)
        {
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
                && number >= numbers.Least && number <= numbers.Most ? number : null;
        }
        // Without a colon a number would be read as days.
        return DurationRange is { } times && text.Contains(':', StringComparison.Ordinal)
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
            && time >= times.Least && time <= times.Most ? time : null;
    }
}
