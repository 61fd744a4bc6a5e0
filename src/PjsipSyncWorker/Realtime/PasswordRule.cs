using System.Text.RegularExpressions;

namespace PjsipSyncWorker.Realtime;

/// <summary>Checks passwords. SIP digest authentication computes with the clear text, so a hash of a password cannot be used.</summary>
internal static partial class PasswordRule
{
    /// <summary>Returns why the password cannot be used; null when it can. Never repeats the password.</summary>
    public static string? Problem(string? password)
    {
        if (string.IsNullOrEmpty(password))
            return "password is empty: SIP needs the clear text, or md5_cred in settings.auth";
        foreach (var c in password)
            if (char.IsControl(c))
                return "password holds a control character, which no phone can send";
        return Hash().IsMatch(password)
            ? "password is a hash (bcrypt, argon2 or crypt): SIP needs the clear text, or md5_cred in settings.auth"
            : null;
    }

    [GeneratedRegex("""
        ^(
          \$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}
        | \$argon2(id|i|d)\$.+\$.+
        | \$(1|5|6|sha1|md5)\$[^$]*(\$[^$]*)?\$[./A-Za-z0-9]{20,}
        | \$(y|gy|7)\$.+\$[./A-Za-z0-9]{40,}
        | \$pbkdf2(-[a-z0-9]+)?\$.+\$.+
        | pbkdf2_sha\d+\$\d+\$.+\$.+
        | \{(SSHA|SHA|SMD5|MD5|CRYPT|PBKDF2)[^}]*\}.+
        )$
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Hash();
}
