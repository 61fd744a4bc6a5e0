using System.Text.RegularExpressions;
using Npgsql;

namespace PjsipSyncWorker.Configuration;

/// <summary>Makes a connection string, or the URL of a database, fit to be shown.</summary>
internal static partial class ConnectionText
{
    /// <summary>What is shown in place of a secret.</summary>
    public const string Masked = "***";

    /// <summary>Returns the text with each password masked; masked as a whole when it is neither a URL nor a connection string.</summary>
    public static string Mask(string text) => Words().Replace(
        Address().IsMatch(text) ? Password().Replace(text, $"$1:{Masked}@") : WithoutPasswords(text), $"$1{Masked}");

    private static string WithoutPasswords(string text)
    {
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(text);
            if (connection.Password is not null)
                connection.Password = Masked;
            if (connection.SslPassword is not null)
                connection.SslPassword = Masked;
            return connection.ConnectionString;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            return Masked;
        }
    }

    [GeneratedRegex(@"^\s*[A-Za-z][A-Za-z0-9+.-]*://")]
    private static partial Regex Address();

    /// <summary>The password of a URL, up to the last @ because people forget to encode one.</summary>
    [GeneratedRegex(@"(://[^:@/]*):.*@")]
    private static partial Regex Password();

    [GeneratedRegex(@"((?:password|pwd)\s*=\s*)('[^']*'|""[^""]*""|[^;&\s]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Words();
}
