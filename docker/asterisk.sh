#!/bin/sh
# The entry point of the Asterisk image: Debian's files, over them those of render-config, over them your own.
set -eu
rendered=$(mktemp -d)
pjsip-sync-worker render-config --output "$rendered"
umask 027
cp -r /usr/share/asterisk/etc/. "$rendered"/. /etc/asterisk/
rm -r "$rendered"
[ ! -d /usr/local/etc/asterisk ] || cp -r /usr/local/etc/asterisk/. /etc/asterisk/
exec asterisk -f -n
