using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace PjsipSyncWorker.TestSupport.Fakes;

/// <summary>A SIP request or response as it was received, and what is answered to it (RFC 3261).</summary>
internal sealed partial class SipMessage
{
    private readonly List<(string Name, string Value)> _headers = [];

    public SipMessage(string text)
    {
        var lines = text.Split("\r\n");
        StartLine = lines[0];
        foreach (var line in lines.Skip(1).TakeWhile(line => line.Length > 0))
            if (line.Split(':', 2) is [var name, var value])
                _headers.Add((name.Trim(), value.Trim()));
    }

    public string StartLine { get; }

    /// <summary>The status code of a response; 0 for a request.</summary>
    public int Status => StartLine.StartsWith("SIP/2.0 ", StringComparison.Ordinal)
        ? int.Parse(StartLine.AsSpan(8, 3), CultureInfo.InvariantCulture) : 0;

    /// <summary>INVITE, BYE and so on; of a response the method that it answers.</summary>
    public string Method => Status == 0 ? StartLine.Split(' ')[0] : this["CSeq"].Split(' ')[1];

    /// <summary>The user that a request is for.</summary>
    public string User => StartLine.Split(' ')[1].Split(':', 2)[1].Split('@')[0];

    /// <summary>The first header of a name; empty for none.</summary>
    public string this[string name] =>
        _headers.Find(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

    /// <summary>Whether a challenge says that the login was right and only its nonce is too old.</summary>
    public bool IsStale => this["WWW-Authenticate"].Contains("stale=true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The URI of the Contact header.</summary>
    public string ContactUri => this["Contact"].Split('<', '>') is [_, var uri, ..] ? uri : this["Contact"];

    /// <summary>A response to this request.</summary>
    /// <param name="more">Further headers, each with its line end.</param>
    public string Answer(string status, string tag, string more = "", string body = "")
    {
        var text = new StringBuilder($"SIP/2.0 {status}\r\n");
        foreach (var (name, value) in _headers)
        {
            if (name is "Via" or "From" or "Call-ID" or "CSeq" or "Record-Route")
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            else if (name is "To")
                text.Append(CultureInfo.InvariantCulture,
                    $"To: {value}{(value.Contains(";tag=", StringComparison.Ordinal) ? "" : $";tag={tag}")}\r\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"{more}Content-Length: {body.Length}\r\n\r\n{body}").ToString();
    }

    /// <summary>The Authorization header that answers the challenge of this response, with its line end.</summary>
    public string Authorization(string method, string uri, string user, string password)
    {
        var challenge = ChallengeParameter().Matches(this["WWW-Authenticate"]).ToDictionary(match => match.Groups[1].Value,
            match => match.Groups[2].Value);
        var (realm, nonce) = (challenge["realm"], challenge["nonce"]);
        const string count = "00000001", own = "0a4f113b";
        var response = Hash($"{Hash($"{user}:{realm}:{password}")}:{nonce}:{count}:{own}:auth:{Hash($"{method}:{uri}")}");
        var opaque = challenge.TryGetValue("opaque", out var value) ? $", opaque=\"{value}\"" : "";
        return $"Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", "
            + $"algorithm=MD5, qop=auth, nc={count}, cnonce=\"{own}\"{opaque}\r\n";
    }

#pragma warning disable CA5351 // SIP's digest is MD5.
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    [GeneratedRegex("(\\w+)=\"?([^\",]*)\"?")]
    private static partial Regex ChallengeParameter();
}
