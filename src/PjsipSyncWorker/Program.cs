return await PjsipSyncWorker.Cli.CommandLine.RunAsync(args);
