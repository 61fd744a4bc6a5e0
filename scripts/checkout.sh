#!/usr/bin/env bash
# Copies this checkout as it is now, committed or not, into FOLDER, as a repository with one commit: checkout.sh FOLDER
. "$(dirname "$0")/lib.sh"
need_packages git
folder=$1
mkdir -p "$folder"
git -C "$repository" ls-files -z --cached --others --exclude-standard |
  (cd "$repository" && xargs -0 tar --ignore-failed-read -c 2>/dev/null) | tar -x -C "$folder"
git -C "$folder" init -q
# The commit is always the same one, so that the same files are built into an image once.
GIT_AUTHOR_DATE=2000-01-01T00:00:00Z GIT_COMMITTER_DATE=2000-01-01T00:00:00Z \
  git -C "$folder" -c user.name=test -c user.email=test@example.invalid commit -q --allow-empty -m test
