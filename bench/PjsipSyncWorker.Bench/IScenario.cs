namespace PjsipSyncWorker.Bench;

/// <summary>Measures one thing that users feel.</summary>
internal interface IScenario
{
    Task RunAsync(Report report);
}
