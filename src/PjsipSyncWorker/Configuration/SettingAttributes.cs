namespace PjsipSyncWorker.Configuration;

/// <summary>Allowed values of a setting that is a whole number. Both ends are allowed.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NumberRangeAttribute(int least, int most) : Attribute
{
    public int Least { get; } = least;

    public int Most { get; } = most;
}

/// <summary>Allowed values of a setting that is a time, as <c>days.hours:minutes:seconds</c>. Both ends are allowed.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationRangeAttribute(string least, string most) : Attribute
{
    public TimeSpan Least { get; } = TimeSpan.ParseExact(least, "c", null);

    public TimeSpan Most { get; } = TimeSpan.ParseExact(most, "c", null);
}

/// <summary>Marks a setting whose value, or a part of it, is never shown.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute
{
    /// <summary>Whether the value is a connection string, of which only the passwords are secret.</summary>
    public bool IsConnection { get; init; }
}
