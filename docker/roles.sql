-- Run once by the image postgres, when its volume is new: the two roles with their passwords. What each may do,
-- pjsip-sync-worker init --roles says at every start.
\getenv worker_password WORKER_PASSWORD
\getenv asterisk_password ASTERISK_PASSWORD
create role pjsip_sync login password :'worker_password';
create role asterisk login password :'asterisk_password';
