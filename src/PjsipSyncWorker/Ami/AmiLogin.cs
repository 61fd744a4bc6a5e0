using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Ami;

/// <summary>Logs in on a new connection: challenge, login, event filters.</summary>
internal sealed partial class AmiLogin(AmiOptions options, ILogger logger)
{
    /// <exception cref="AmiAuthenticationException">Asterisk refused the user or the secret.</exception>
    public async Task RunAsync(AmiConnection connection, CancellationToken cancellationToken)
    {
        var challenge = await connection.SendAsync(new AmiAction("Challenge") { { "AuthType", "MD5" } }, cancellationToken);
        var salt = challenge.Get("Challenge");
        if (!challenge.Success || salt is null)
        {
            throw Refusal(challenge, "an MD5 challenge", "");
        }

        var login = new AmiAction("Login") { { "AuthType", "MD5" }, { "Username", options.Username }, { "Key", Key(salt) } };
        if (!options.ReceivesEvents)
        {
            login.Add("Events", "off");
        }

        var answer = await connection.SendAsync(login, cancellationToken);
        if (!answer.Success)
        {
            throw Refusal(answer, $"the AMI user {options.Username}", " (name, secret, or permit/deny in manager.conf)");
        }

        await FilterAsync(connection, cancellationToken);
    }

    /// <summary>
    /// Makes the exception of a refusal. An Asterisk that is shutting down refuses every user, so the user is not at fault then.
    /// </summary>
    private static AmiException Refusal(AmiResponse answer, string what, string hint) =>
        answer.Message.Contains("shutting down", StringComparison.OrdinalIgnoreCase)
            ? new AmiConnectionException($"Asterisk refused {what}: {answer.Message}")
            : new AmiAuthenticationException($"Asterisk refused {what}: {answer.Message}{hint}");

    private async Task FilterAsync(AmiConnection connection, CancellationToken cancellationToken)
    {
        if (options.Events.Count == 0 || !options.ReceivesEvents)
        {
            return;
        }

        foreach (var name in options.Events.Concat(["FullyBooted", "Shutdown"]).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var filter = new AmiAction("Filter") { { "Operation", "Add" }, { "Filter", $"Event: {name}" } };
            var answer = await connection.SendAsync(filter, cancellationToken);
            if (!answer.Success)
            {
                // Without any filter all events arrive, which costs work only. With some filters the other wanted events would be missing.
                LogFilterRefused(logger, name, UntrustedText.Escape(answer.Message));
            }
        }
    }

    [SuppressMessage("Security", "CA5351", Justification =
        "AMI has no other digest. Without it the secret itself would be sent.")]
    private string Key(string salt) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(salt + options.Secret)));
}
