namespace PjsipSyncWorker.Diagnostics;

/// <summary>
/// The event ids of all log messages. An id never changes its meaning, because users filter their logs by it.
/// Each folder has a range of its own; a new message takes the next free id of its range.
/// </summary>
internal static class EventIds
{
    // Sync: 1000 to 1999

    public const int SyncReady = 1000;
    public const int DriftRepaired = 1001;
    public const int SyncInterrupted = 1002;
    public const int RemovalsHeldBack = 1003;
    public const int ColumnLeftOut = 1004;
    public const int SyncStandingBy = 1005;
    public const int RealtimeLockBusy = 1006;
    public const int UnnotifiedChangeFound = 1007;
    public const int BatchApplied = 1008;
    public const int ExtensionChanged = 1009;
    public const int ExtensionRejected = 1010;
    public const int LockWaitReported = 1011;
    public const int MoreRejected = 1012;
    public const int RejectionsEnded = 1013;
    public const int EverythingCompared = 1014;
    public const int ColumnNotWritten = 1015;
    public const int SourceReplaced = 1016;
    public const int SourceAltered = 1017;
    public const int SourceRepaired = 1018;
    public const int SourceNotRepaired = 1019;

    // Registrations: 2000 to 2999 (nodes 2000, message lamps 2030, the status writer 2100, the service 2200)

    public const int NodeFollowed = 2000;
    public const int NodeLost = 2001;
    public const int NodeRefusedLogin = 2002;
    public const int NodeDegraded = 2003;
    public const int EndpointUnreadable = 2004;
    public const int EndpointsAnnounced = 2005;
    public const int ContactsNotWritten = 2006;
    public const int NodeFollowedByAnother = 2007;
    public const int FullBackendCacheEmptied = 2008;
    public const int AmiPermissionsMissing = 2009;
    public const int ContactNotStorable = 2010;
    public const int PjsipReloaded = 2011;
    public const int PjsipReloadFailed = 2012;
    public const int DeviceStatesWrong = 2013;
    public const int EndpointUnloadable = 2014;
    public const int PjsipFilesNotRead = 2015;
    public const int PhoneRegistered = 2016;
    public const int PhoneUnregistered = 2017;
    public const int MessageLampsReloaded = 2030;
    public const int MessageLampsNotReloaded = 2031;
    public const int StatusNotWritten = 2100;
    public const int NodeForgotten = 2101;
    public const int StatusRejected = 2102;
    public const int PhonesOnline = 2103;
    public const int PhonesOffline = 2104;
    public const int PhonesOnlineAndOffline = 2105;
    public const int RegistrationsOff = 2200;
    public const int RevisionChannelLost = 2201;

    // Ami: 3000 to 3999 (connection 3000, login 3010, dispatcher 3020)

    public const int AmiLoggedIn = 3000;
    public const int AmiConnectionEnded = 3001;
    public const int AmiCertificateUnchecked = 3002;
    public const int AmiFilterRefused = 3010;
    public const int AmiResponseUnexpected = 3020;
    public const int AsteriskShutsDown = 3021;
    public const int AmiEventHandlerFailed = 3022;

    // Hosting: 4000 to 4099

    public const int WorkerStarted = 4000;
    public const int WorkerStopped = 4001;

    // Monitoring: 4100 to 4199

    public const int StillFailing = 4100;
    public const int WellAgain = 4101;
}
