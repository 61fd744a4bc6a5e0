using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace PjsipSyncWorker.Cli;

/// <summary>
/// The first SIGTERM, SIGINT or SIGQUIT asks the host to stop, the second one ends the process at once. Unlike the framework's
/// lifetime for systemd it does not say READY: that is <c>Monitoring.SystemdReporter</c>'s to say, and later.
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (Interlocked.Increment(ref _signals) > 1)
                    Environment.Exit(ExitCode.Problems);
                application.StopApplication();
            }));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }
}
