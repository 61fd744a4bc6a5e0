#compdef pjsip-sync-worker
# zsh completion for pjsip-sync-worker: the program itself says what can follow.
local line
local -a candidates
[[ $words[CURRENT] == -*=* ]] && compset -P '*='
for line in ${(f)"$(${(Q)words[1]} complete -- ${(Q)words[2,CURRENT-1]} "${(Q)words[CURRENT]}" 2>/dev/null)"}; do
  case $line in
    :files) _files; return ;;
    :folders) _files -/; return ;;
    *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
  esac
done
_describe -t values pjsip-sync-worker candidates
