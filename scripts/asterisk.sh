#!/usr/bin/env bash
# A private Asterisk 22 from the cached tree, configured by the files of asterisk/.
#
#   asterisk.sh start NAME Key=Value …   fills the {{Key}} marks, starts, waits until it is fully booted
#   asterisk.sh start NAME FOLDER …      the same with the files of render-config, over those of the distribution
#   asterisk.sh boot|stop|kill NAME      the same again without a new configuration; stop kindly; kill -9
#   asterisk.sh cli NAME COMMAND         runs a CLI command
#   asterisk.sh files NAME               the files in its folders
#   asterisk.sh read NAME FILE           one of them
#   asterisk.sh write NAME FILE          writes standard input into one of them
#   asterisk.sh shell NAME COMMANDS      runs commands of a document on its machine, where its folder stands for /etc
#   asterisk.sh remove NAME              stops and forgets
#   asterisk.sh phones NAME              makes a folder with the scenarios of tests/sip alone, for phones of another Asterisk
#   asterisk.sh sipp NAME ARGUMENT …     runs SIPp beside it; scenarios are those of tests/sip
. "$(dirname "$0")/lib.sh"

action=$1 name=$2
shift 2
inside=/srv/$name
home=$asterisk_tree$inside

in_tree() { as_root chroot "$asterisk_tree" env ODBCSYSINI="$inside/etc" ODBCINI="$inside/etc/odbc.ini" LC_ALL=C.UTF-8 "$@"; }

pid() { cat "$home/run/asterisk.pid" 2>/dev/null; }

running() { local pid; pid=$(pid) && [ -n "$pid" ] && as_root kill -0 "$pid" 2>/dev/null; }

boot() {
  running && die "$name is running already"
  as_root rm -f "$home/run/asterisk.pid" "$home/run/asterisk.ctl"
  in_tree setsid asterisk -f -C "$inside/etc/asterisk.conf" >"$home/log/console" 2>&1 </dev/null 9>&- &
  local deadline=$((SECONDS + 60))
  until in_tree asterisk -C "$inside/etc/asterisk.conf" -rx "core waitfullybooted" 2>/dev/null | grep -q 'fully booted'; do
    [ $SECONDS -lt $deadline ] || { tail -n 30 "$home/log/console" "$home/log/messages" >&2; die "$name did not boot"; }
    sleep 0.1
  done
}

halt() {
  local deadline=$((SECONDS + 15)) pid
  pid=$(pid) || return 0
  running || return 0
  if [ "$1" = KILL ]; then as_root kill -KILL "$pid"; else in_tree asterisk -C "$inside/etc/asterisk.conf" -rx "core stop now" >/dev/null 2>&1 || true; fi
  while running; do
    [ $SECONDS -lt $deadline ] || as_root kill -KILL "$pid" 2>/dev/null
    sleep 0.05
  done
}

# Files of asterisk/ with the marks filled in: {{Key}} is a value, the lines from {{#Key}} to {{/Key}} are for a Key that
# is not empty. pjsip-sync-worker render-config does the same (Template.cs).
fill_in() {
  local setting key value script='' address=127.0.0.1 port=5060
  for setting in SystemName="$name" DatabaseHost=127.0.0.1 DatabasePassword= DatabaseSslMode=prefer RealtimeSchema= AnyRealtimeSchema=yes \
    DidPrefix=+4930 CarrierEndpoint=carrier EmergencyNumbers=112 RingSeconds=30 DialledForm='_00X.,1,Goto(at-carrier,+${EXTEN:2},1)' \
    DatabaseConnections=8 SkipUnusedModules=yes ExternalAddress= \
    Node=pbx1 CacheLifetime=600 OneDomain=yes Contacts=realtime,ps_contacts ExpirationCheckInterval=1 Udp=yes Tcp=yes \
    AmiAddress=127.0.0.1 AmiPermit=127.0.0.1/255.255.255.255 AmiUser=pjsip-sync "$@"; do
    key=${setting%%=*} value=${setting#*=}
    # the last one given wins
    script="s|{{$key}}|$(printf %s "$value" | sed 's/[|&\\]/\\&/g')|g;$script"
    [ -z "$value" ] || script="/^{{[#\/]$key}}\$/d;$script"
    case $key in SipAddress) address=$value ;; SipPort) port=$value ;; esac
  done
  script="s|{{SipBind}}|$address:$port|g;$script"
  for file in "$repository"/asterisk/*; do
    case $(basename "$file") in http.conf | rtp.conf) continue ;; esac
    sed "$script;/^{{#/,/^{{\//d" "$file" | as_root tee "$home/etc/$(basename "$file")" >/dev/null
  done
  as_root cp "$asterisk_tree"/etc/asterisk/{acl,ccss,cdr,cel,features,indications,musiconhold,stasis,udptl}.conf "$home/etc/"
}

configure() {
  local modules folder
  as_root mkdir -p "$home"/{etc,state,spool,run,log/cdr-csv}
  # Asterisk looks up the name of its own machine for each call. /etc/hosts has the name, as on an installed Debian, so that no DNS server is asked.
  grep -qw "$HOSTNAME" "$asterisk_tree/etc/hosts" || printf '127.0.1.1\t%s\n' "$HOSTNAME" | as_root tee -a "$asterisk_tree/etc/hosts" >/dev/null
  if [ -d "${1:-}" ]; then
    # As an operator does: over the files of the distribution.
    as_root cp -r "$asterisk_tree/etc/asterisk/." "$home/etc/"
    for folder in "$@"; do as_root cp -r "$folder/." "$home/etc/"; done
  else
    fill_in "$@"
  fi
  # Only what several instances in one tree force.
  modules=$(cd "$asterisk_tree" && ls -d usr/lib/*/asterisk/modules | head -n 1)
  as_root tee -a "$home/etc/asterisk.conf" >/dev/null <<CONF

[directories]
astetcdir => $inside/etc
astmoddir => /$modules
astvarlibdir => $inside/state
astdbdir => $inside/state
astkeydir => $inside/state
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => $inside/spool
astrundir => $inside/run
astlogdir => $inside/log
CONF
  # The ports of two instances must not meet, unless the test says which they are.
  local rendered='' folder
  for folder in "$@"; do [ ! -f "$folder/rtp.conf" ] || rendered=yes; done
  [ -n "$rendered" ] || printf '[general]\nrtpstart=%s\nrtpend=%s\n' $((20000 + RANDOM % 20000)) $((41000 + RANDOM % 1000)) | as_root tee "$home/etc/rtp.conf" >/dev/null
  printf '[general]\ndateformat = %%F %%T.%%3q\n[logfiles]\nmessages = notice,warning,error,verbose\nsecurity = security\n' | as_root tee "$home/etc/logger.conf" >/dev/null
  as_root cp -r "$asterisk_tree/var/lib/asterisk/." "$home/state/" 2>/dev/null || true
  copy_scenarios
}

# Each server of the tree has an /etc of its own.
shell() {
  as_root mkdir -p "$home/etc"
  in_tree bash -euo pipefail -c "$(sed "s|/etc/asterisk/|$inside/etc/|g; s|/etc/letsencrypt/|$inside/letsencrypt/|g
    s|asterisk -rx|asterisk -C $inside/etc/asterisk.conf -rx|g" <<<"$1")"
}

copy_scenarios() { as_root mkdir -p "$home" && as_root cp -r "$repository/tests/sip" "$home/"; }

case $action in
  start) need_asterisk_tree; configure "$@"; boot ;;
  phones) need_asterisk_tree; copy_scenarios ;;
  boot) boot ;;
  stop) halt TERM ;;
  kill) halt KILL ;;
  shell) need_asterisk_tree; shell "$1" ;;
  cli) in_tree asterisk -C "$inside/etc/asterisk.conf" -rx "$*" ;;
  read) as_root cat "$home/$1" ;;
  write) as_root tee "$home/$1" >/dev/null ;;
  files) (cd "$home" && as_root find . -type f) ;;
  remove) halt KILL; as_root rm -rf "$home" ;;
  sipp) as_root chroot "$asterisk_tree" bash -c 'cd "$0/sip" && exec sipp "$@"' "$inside" "$@" ;;
  *) die "unknown action $action" ;;
esac
