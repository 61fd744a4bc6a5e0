
namespace PjsipSyncWorker.Diagnostics;

/// <summary>What a pass over very many objects leaves behind goes back to the system at once: a daemon that is idle again should look it.</summary>
internal static class MemoryTrimmer
{
    private const int Many = 1000;

    /// <param name="objects">How many the pass went over.</param>
    public static void TrimAfter(int objects)
    {
        if (objects >= Many)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
