namespace PjsipSyncWorker.IntegrationTests.Verification;

/// <summary>One thing that is wrong in an installed database, and what <c>verify-config</c> says of it.</summary>
/// <param name="Name">The case in a few words; the name of the test has it.</param>
/// <param name="Break">The SQL that makes it wrong; {0} stands for the worker's role.</param>
/// <param name="Check">The check that finds it.</param>
/// <param name="Found">A part of what the check found.</param>
/// <param name="Advice">A part of what the check advises.</param>
public sealed record BrokenCase(string Name, string Break, string Check, string Found, string Advice)
{
    public override string ToString() => Name;
}
