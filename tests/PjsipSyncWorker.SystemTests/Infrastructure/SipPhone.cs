namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A phone, extension 1001 at port 5060 of its own loopback address: SIPp with the scenario of a registration.</summary>
internal static class SipPhone
{
    /// <summary>Returns SIPp's arguments for a phone that registers for five minutes; SIPp ends with 0 when Asterisk accepts it.</summary>
    /// <param name="scenario">The path of register.xml.</param>
    public static string[] Register(string scenario, string password) =>
    [
        "127.0.0.1:5060", "-i", "127.0.0.1", "-p", "5999", "-sf", scenario, "-s", "1001", "-au", "1001", "-ap", password,
        "-key", "expires", "300", "-m", "1", "-nostdin", "-timeout", "15s", "-timeout_error",
    ];
}
