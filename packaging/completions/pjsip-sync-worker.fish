# fish completion for pjsip-sync-worker: the program itself says what can follow.
function __pjsip_sync_worker_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # fish compares with the whole word, --config= too.
    set -l option (string match -r -- '^-[^=]*=' $current; or echo '')
    for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                printf "$option%s\n" (__fish_complete_path (string replace -- "$option" '' $current))
            case ':folders'
                printf "$option%s\n" (__fish_complete_directories (string replace -- "$option" '' $current))
            case '-*'
                echo $line
            case '*'
                echo $option$line
        end
    end
end
complete -c pjsip-sync-worker -f -a '(__pjsip_sync_worker_complete)'
