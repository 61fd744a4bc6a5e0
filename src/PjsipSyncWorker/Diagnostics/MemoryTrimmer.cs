namespace PjsipSyncWorker.Diagnostics;

/// <summary>Returns memory to the operating system after a large pass, so that an idle worker has a small footprint.</summary>
/// <remarks>Runs a blocking, compacting collection, which stops all threads. Without it the runtime keeps the memory of the pass.</remarks>
internal static class MemoryTrimmer
{
    /// <summary>Passes over fewer objects leave too little behind.</summary>
    private const int MinObjects = 1000;

    /// <summary>Collects if the pass was large.</summary>
    /// <param name="objects">The number of extensions or contacts that the pass went over.</param>
    public static void TrimAfter(int objects)
    {
        if (objects >= MinObjects)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
