# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wpp_global_optspecs
    string join \n home= s/session= format= q/quiet h/help V/version
end

function __fish_wpp_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wpp_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wpp_using_subcommand
    set -l cmd (__fish_wpp_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wpp -n "__fish_wpp_needs_command" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_needs_command" -s s -l session -d 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_needs_command" -l format -d 'How results are written' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_needs_command" -s q -l quiet -d 'Say nothing unless something is wrong'
complete -c wpp -n "__fish_wpp_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_needs_command" -s V -l version -d 'Print version'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand config" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand config" -s s -l session -d 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand config" -l format -d 'How results are written' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand config" -s q -l quiet -d 'Say nothing unless something is wrong'
complete -c wpp -n "__fish_wpp_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from config help" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from config help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
