using System.Globalization;
using BenchmarkDotNet.Running;
using PjsipSyncWorker.Bench;
using PjsipSyncWorker.Bench.Scenarios;
using PjsipSyncWorker.Bench.Scenarios.Asterisk;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
if (args is ["micro", .. var rest])
{
    BenchmarkSwitcher.FromAssembly(typeof(Report).Assembly).Run(rest);
    return 0;
}

var real = args is ["asterisk", ..];
var names = real ? args[1..] : args;
IScenario[] scenarios = real
    ? [new RegisterRefresh(), new CallSetup(), new OneAmongMany(), new ManyAtOnce(), new BootAndRestart()]
    : [new Latency(), new ApplicationCost(), new ManyTransactions(), new OneStatement(), new FullComparison(),
        new EventFlood(), new Registrations(), new Start()];
var wanted = names.Length == 0 ? scenarios
    : [.. scenarios.Where(scenario => names.Contains(scenario.GetType().Name, StringComparer.OrdinalIgnoreCase))];
if (wanted.Length == 0)
{
    Console.Error.WriteLine(
        $"The scenarios are: {string.Join(", ", scenarios.Select(scenario => scenario.GetType().Name))}"
        + (real ? "" : "; or asterisk, or micro"));
    return 2;
}

var report = new Report();
foreach (var scenario in wanted)
{
    Console.Error.WriteLine($"{scenario.GetType().Name} …");
    var watch = System.Diagnostics.Stopwatch.StartNew();
    await scenario.RunAsync(report);
    Console.Error.WriteLine($"  {watch.Elapsed.TotalSeconds:0} s");
}
report.Print();
return 0;
