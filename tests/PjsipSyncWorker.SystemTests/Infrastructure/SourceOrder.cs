using Xunit.v3;

namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>Runs the tests of a class in the order of its source.</summary>
internal sealed class SourceOrder : ITestMethodOrderer
{
    public IReadOnlyCollection<TTestMethod?> OrderTestMethods<TTestMethod>(IReadOnlyCollection<TTestMethod?> testMethods)
        where TTestMethod : notnull, Xunit.Sdk.ITestMethod =>
        [.. testMethods.OrderBy(method => method is IXunitTestMethod test ? StepLog.LineOf(test.Method) : null)];
}
