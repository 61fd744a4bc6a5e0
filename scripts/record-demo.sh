#!/usr/bin/env bash
# Records scripts/demo.sh into docs/images/demo.svg, the picture of README. To be run again when what the demo prints has changed.
. "$(dirname "$0")/lib.sh"
need_packages termtosvg
folder=$(mktemp -d -t pjsip-sync-record.XXXXXX)
trap 'rm -rf "$folder"' EXIT
# A terminal's input that never ends: at its end termtosvg would end the demo.
mkfifo "$folder/input"
mkdir -p "$repository/docs/images"
# The first run makes what is kept, which is not to be in the picture.
"$repository/scripts/demo.sh" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; die "The demo failed"; }
PAGER=cat PJSIP_SYNC_DEMO_PAUSE=2 termtosvg "$repository/docs/images/demo.svg" -c "$repository/scripts/demo.sh" \
  -g 120x36 -m 50 -M 3000 -D 5000 -t window_frame 0<>"$folder/input" >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; die "The recording failed"; }
grep -q 'What the worker said' "$folder/log" || { cat "$folder/log" >&2; die "The demo failed while it was recorded"; }
say "docs/images/demo.svg: $(stat -c %s "$repository/docs/images/demo.svg") bytes"
