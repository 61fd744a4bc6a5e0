using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace PjsipSyncWorker.Hosting;

/// <summary>
/// Stops the host at the first SIGTERM, SIGINT or SIGQUIT, and ends the process at once at the second. The framework's
/// lifetime for systemd is not used, because it reports READY as soon as the host has started; here
/// <c>Monitoring.SystemdReporter</c> reports READY after the first pass of both loops.
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;
    private volatile string? _received;

    /// <summary>The name of the first signal; null before it.</summary>
    public string? Received => _received;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
            Environment.Exit(ExitCode.Problems);
        _received = context.Signal.ToString();
        application.StopApplication();
    }
}
