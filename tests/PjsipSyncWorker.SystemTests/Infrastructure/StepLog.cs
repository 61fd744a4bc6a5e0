using System.Reflection;
using Xunit.v3;

namespace PjsipSyncWorker.SystemTests.Infrastructure;

/// <summary>A test that changes the server for the tests after it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StepAttribute : Attribute;

/// <summary>
/// The steps of the tests of one class on one server, which run one after the other. A test with <see cref="StepAttribute"/> must pass
/// before each test after it in the source. A test that is run alone runs the steps before it first. After a step that failed, the
/// tests after it fail with the step's name. Not thread-safe.
/// </summary>
/// <param name="describe">Returns what helps to understand a failure: log lines, states.</param>
internal sealed class StepLog(Func<Task<string>> describe)
{
    private readonly Dictionary<string, bool> _passed = new(StringComparer.Ordinal);

    public static int? LineOf(MethodInfo method) => method.GetCustomAttribute<FactAttribute>()?.SourceLineNumber;

    /// <summary>To be called before each test: runs the steps before the test that were not run yet.</summary>
    /// <param name="instance">The instance of the test's class.</param>
    /// <exception cref="InvalidOperationException">One of the steps before it failed.</exception>
    public async ValueTask BeforeAsync(object instance)
    {
        var (test, arguments) = Current();
        var steps = instance.GetType().GetMethods().Where(method => IsStep(method) && LineOf(method) <= LineOf(test)).OrderBy(LineOf);
        foreach (var method in steps)
        {
            foreach (var row in RowsOf(method))
            {
                var name = NameOf(method, row);
                if (name == NameOf(test, arguments))
                    return;
                if (!_passed.TryGetValue(name, out var passed))
                    _passed[name] = passed = await PassesAsync(instance, method, row);
                if (!passed)
                    throw new InvalidOperationException($"an earlier step failed: {name}");
            }
        }
    }

    /// <summary>To be called after each test: records how the test ended, and describes the server after a failure.</summary>
    public async ValueTask AfterAsync()
    {
        var (test, arguments) = Current();
        var passed = TestContext.Current.TestState?.Result == TestResult.Passed;
        if (IsStep(test))
            _passed[NameOf(test, arguments)] = passed;
        if (!passed)
            TestContext.Current.TestOutputHelper?.WriteLine(await describe());
    }

    private static (MethodInfo Method, object?[] Arguments) Current()
    {
        var test = (IXunitTest)TestContext.Current.Test!;
        return (test.TestMethod.Method, test.TestMethodArguments);
    }

    private static bool IsStep(MethodInfo method) => method.GetCustomAttribute<StepAttribute>() is not null;

    private static string NameOf(MethodInfo method, object?[] arguments) => string.Join(' ', [method.Name, .. arguments]);

    /// <summary>Returns the arguments of each run of a test: those of its MemberData, or none for a fact.</summary>
    private static IEnumerable<object?[]> RowsOf(MethodInfo method) => method.GetCustomAttribute<MemberDataAttribute>() is { } data
        ? ((IEnumerable<ITheoryDataRow>)method.DeclaringType!.GetProperty(data.MemberName)!.GetValue(null)!).Select(row => row.GetData())
        : [[]];

    private static async Task<bool> PassesAsync(object instance, MethodInfo method, object?[] arguments)
    {
        try
        {
            await (Task)method.Invoke(instance, arguments)!;
            return true;
        }
        catch (Exception error)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{NameOf(method, arguments)}: {error}");
            return false;
        }
    }
}
