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
complete -c wpp -n "__fish_wpp_needs_command" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_needs_command" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_needs_command" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_needs_command" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_needs_command" -s V -l version -d 'Print version'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "start" -d 'Start the session\'s daemon and wait until it is READY or asks for a phone'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "stop" -d 'Drain and end the session\'s daemon'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "restart" -d 'Stop and start the daemon, proving each stage'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "status" -d 'Say where the session stands and why'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "reauth" -d 'Link the session to a phone, by QR code or pair code'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "send" -d 'Send a message, once, and wait for the server\'s acknowledgement'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "search" -d 'Find stored messages by their words'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "chats" -d 'List chats'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "messages" -d 'List stored messages'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "events" -d 'Show what happens in the session, as it happens or as it was kept'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "logs" -d 'Show the daemon\'s log'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "sync" -d 'Keep the connection or give it up, without ending the daemon'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "outbound" -d 'Pause and resume sending, and list the outbox'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "backup" -d 'Make, list, show and verify archives of sessions'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "restore" -d 'Bring a session back from an archive'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "reset" -d 'Last resort: back the session up, verify the archive, remove the session'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "doctor" -d 'Look at the host, the home and the session, say what is wrong, and mend it with --fix'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "capacity" -d 'Measure what sessions take and how that grows, and say how many more fit'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "support-bundle" -d 'Gather what somebody who helps needs to know, with nobody in it'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "runbook" -d 'Run the documents that say what to do: list, check, run, resume and undo them'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "drill" -d 'Rehearse failures and recovery in a throw-away sandbox'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "dump" -d 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "evidence" -d 'List, show, verify and export what runbooks and drills left behind'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "alert" -d 'Tell people what the doctor finds, and see that it reaches them'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "schedule" -d 'Run what is due: backups, drills and runbooks at their times'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "daemon" -d 'Run the session\'s daemon in the foreground'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "plugin" -d 'Add, allow and remove plugins: checks, and channels such as gateways and notices'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "channel" -d 'Ask channels how they are, and send through them'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "webhook" -d 'List, test, switch and retry the webhooks of a gateway'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "simulator" -d 'Run the loopback WhatsApp of a sandbox home, or ask it to do something'
complete -c wpp -n "__fish_wpp_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand start" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand start" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand start" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand start" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand start" -l new-messages -d 'Go on with no messages when wpp.db is gone, instead of restoring it'
complete -c wpp -n "__fish_wpp_using_subcommand start" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand stop" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand stop" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand stop" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand stop" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand stop" -l force -d 'Kill the daemon when it does not end within the drain timeout'
complete -c wpp -n "__fish_wpp_using_subcommand stop" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand restart" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand restart" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand restart" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand restart" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand restart" -l force -d 'Kill the daemon when it does not end within the drain timeout'
complete -c wpp -n "__fish_wpp_using_subcommand restart" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand status" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand status" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand status" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand status" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand status" -l all -d 'Every session of this home; gateways are not asked'
complete -c wpp -n "__fish_wpp_using_subcommand status" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l png -d 'Also write each QR code to this PNG file' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l pair-code -d 'Ask for a code to type on this phone instead of a QR code; international form' -r
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l timeout -d 'How long to wait for the phone, in seconds' -r
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -l logout -d 'Have the gateway unlink its session first, which may delete the session\'s keys there'
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -s y -l yes -d 'Agree in advance to what a gateway throws away'
complete -c wpp -n "__fish_wpp_using_subcommand reauth" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand send" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand send" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand send" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand send" -l text-file -d 'Read the text from a file, or from standard input with -' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand send" -l id -d 'Your own id for this message: repeating the command with it never sends the message twice' -r
complete -c wpp -n "__fish_wpp_using_subcommand send" -l wait -d 'How long to wait for the server\'s acknowledgement; 0 returns once the message is queued [default: 30]' -r
complete -c wpp -n "__fish_wpp_using_subcommand send" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand send" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand search" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand search" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand search" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand search" -l limit -d 'Most messages to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand search" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand search" -l rebuild -d 'Instead of a search, have the daemon make the full-text index anew'
complete -c wpp -n "__fish_wpp_using_subcommand search" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand chats" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand chats" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand chats" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand chats" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand chats" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand messages" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand messages" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand messages" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand messages" -l chat -d 'Only this chat: a phone number with its country code, or a JID from `wpp chats`' -r
complete -c wpp -n "__fish_wpp_using_subcommand messages" -l limit -d 'Most messages to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand messages" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand messages" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand events" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand events" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand events" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand events" -l after -d 'Only events after this id [default: all that are kept, or with --follow what comes]' -r
complete -c wpp -n "__fish_wpp_using_subcommand events" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand events" -s f -l follow -d 'Go on with what comes, across restarts of the daemon, until interrupted'
complete -c wpp -n "__fish_wpp_using_subcommand events" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand logs" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand logs" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand logs" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand logs" -s n -l lines -d 'Newest lines to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand logs" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand logs" -s f -l follow -d 'Go on with what the daemon writes, until interrupted'
complete -c wpp -n "__fish_wpp_using_subcommand logs" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -f -a "start" -d 'Keep the session connected'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -f -a "stop" -d 'Give the connection up until `wpp sync start`; the daemon stays and answers'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -f -a "status" -d 'Say whether the session is kept connected, and how it stands'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and not __fish_seen_subcommand_from start stop status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from start" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from start" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from start" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from stop" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from stop" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from stop" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from status" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from status" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from status" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "start" -d 'Keep the session connected'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Give the connection up until `wpp sync start`; the daemon stays and answers'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say whether the session is kept connected, and how it stands'
complete -c wpp -n "__fish_wpp_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -f -a "pause" -d 'Keep messages in the outbox until `wpp outbound resume`; survives a restart'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -f -a "resume" -d 'Let messages leave the outbox again'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -f -a "list" -d 'List messages that wait and messages that the server refused'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and not __fish_seen_subcommand_from pause resume list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from pause" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from pause" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from pause" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from resume" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from resume" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from resume" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -l limit -d 'Most messages to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -l all -d 'Also those that the server accepted'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Keep messages in the outbox until `wpp outbound resume`; survives a restart'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Let messages leave the outbox again'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from help" -f -a "list" -d 'List messages that wait and messages that the server refused'
complete -c wpp -n "__fish_wpp_using_subcommand outbound; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -s o -l output -l to -d 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l channel -d 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l as -d 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]' -r -f -a "tar.gz\t'gzip members, which every Unix reads'
tar.zst\t'zstd frames, smaller and several times as fast'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l level -d 'How hard to compress [default: backup.level in config.toml, else default]' -r -f -a "fast\t'As fast as the format allows'
default\t'Little more time, noticeably smaller where the format allows it'
small\t'Several times the time, for archives that are kept for long or sent far'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l recipient -d 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l recipients-file -d 'Encrypt the archive to the age recipients in this file, one a line; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l textfile -d 'File for Prometheus metrics [default: backup.textfile in config.toml]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l incremental -d 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l allow-incomplete -d 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l media -d 'Take pictures and sound, too'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l passphrase -d 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -l no-prune -d 'Remove no older archive, whatever rules config.toml sets'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "create" -d 'Make an archive of the session, whether its daemon runs or not'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "list" -d 'List the archives of a folder or a store, and the sets of gateways'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "show" -d 'Show what one archive says about itself'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "verify" -d 'Check an archive at a level'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "prune" -d 'Remove archives that no rule keeps'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and not __fish_seen_subcommand_from create list show verify prune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -s o -l output -l to -d 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l channel -d 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l as -d 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]' -r -f -a "tar.gz\t'gzip members, which every Unix reads'
tar.zst\t'zstd frames, smaller and several times as fast'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l level -d 'How hard to compress [default: backup.level in config.toml, else default]' -r -f -a "fast\t'As fast as the format allows'
default\t'Little more time, noticeably smaller where the format allows it'
small\t'Several times the time, for archives that are kept for long or sent far'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l recipient -d 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l recipients-file -d 'Encrypt the archive to the age recipients in this file, one a line; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l textfile -d 'File for Prometheus metrics [default: backup.textfile in config.toml]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l incremental -d 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l allow-incomplete -d 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l media -d 'Take pictures and sound, too'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l passphrase -d 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -l no-prune -d 'Remove no older archive, whatever rules config.toml sets'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l level -d 'How far to check' -r -f -a "hash\t'Every byte of the file and of every content against the manifest'
quick\t'hash, then SQLite\'s quick_check (tables and indexes) and the schema of each database'
restore\t'quick, then a real restore into a sandbox: integrity, index, rows, and a login to READY'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -l keep -d 'Keep the sandbox that level restore makes, to look at it'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l channel -d 'Remove old sets of this gateway in the place of archives of a session, by the same rules' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-last -d 'Keep the newest N archives [default: backup.keep_last in config.toml]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-hourly -d 'Keep the newest archive of each of the last N hours that have one' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-daily -d 'Keep the newest archive of each of the last N days that have one' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-weekly -d 'Keep the newest archive of each of the last N weeks that have one' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-monthly -d 'Keep the newest archive of each of the last N months that have one' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-yearly -d 'Keep the newest archive of each of the last N years that have one' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l keep-within -d 'Keep all archives made within this time before the newest: 7d, 36h, 2m (months), 1y6m' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l older-than -d 'Age from which old copies go: 30d, 36h, 2m (months), 1y; the newest of each kind stays' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l set-aside -d 'Remove old copies of the session instead, which restores and new links have set aside'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -l dry-run -d 'Show the plan and remove nothing'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make an archive of the session, whether its daemon runs or not'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the archives of a folder or a store, and the sets of gateways'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what one archive says about itself'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check an archive at a level'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove archives that no rule keeps'
complete -c wpp -n "__fish_wpp_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand restore" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l set -d 'Lay out a set of a gateway\'s state (*.wppset.tar.gz) in a new folder, in the place of restoring a session' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l into -d 'The folder that the set is laid out in; it must not exist' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l plan -d 'What to bring back' -r -f -a "auto\t'`exact` when the keys in the archive are proven to be the newest, else `rekey` when the archive holds a linked identity that is still the session\'s, else `data`'
exact\t'Everything, Signal state included; only when nothing used it since, which the journal proves'
rekey\t'Everything but the state of conversations (ratchets): the identity comes back with fresh keys, and every conversation starts a new Signal session'
data\t'Chats and messages (wpp.db); the session keeps its own keys'
force-exact\t'Everything, old Signal state included: LOSES MESSAGES in both directions without a word unless nothing was sent or received since'"
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand restore" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l dry-run -d 'Show the plan and verify the archive; change nothing'
complete -c wpp -n "__fish_wpp_using_subcommand restore" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand restore" -l keep-daemon-stopped -d 'Do not start the daemon afterwards'
complete -c wpp -n "__fish_wpp_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand reset" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand reset" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l dry-run -d 'Show what would be removed, and remove nothing'
complete -c wpp -n "__fish_wpp_using_subcommand reset" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand reset" -l accept-partial-backup -d 'Go on when the session is so damaged that its backup holds it only in part; its files are set aside then'
complete -c wpp -n "__fish_wpp_using_subcommand reset" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l channel -d 'Look at the systems behind these plugins, and at nothing else; may be repeated' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l only -d 'Report only these checks; `wpp.session` stands for all that begin so' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l skip -d 'Do not report these checks' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l area -d 'Report only checks of these parts of the catalog, such as security' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l severity -d 'List only findings that are at least this severe, and those that are unknown; the exit code minds all' -r -f -a "ok\t'All that was seen, also what is fine'
info\t'Everything that is not as it should be'
warning\t'What will hurt if left alone'
error\t'What hurts now'
critical\t'Messages or keys in danger'"
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l fail-on -d 'Exit with 3 when a finding is at least this severe' -r -f -a "info\t'Everything that is not as it should be'
warning\t'What will hurt if left alone'
error\t'What hurts now'
critical\t'Messages or keys in danger'
never\t'Nothing: what is found or could not be checked does not change the exit code'"
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l budget -d 'How long the whole look may take; what is not reached by then is unknown' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l wait -d 'Look again until nothing is left that would fail the command, for at most so long, such as 60s' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l watch -d 'Look again and again until Ctrl-C, every 5s or as often as is said: the whole on a terminal, else a line for each change' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l junit -d 'File for the result as JUnit XML, or - for standard output: a case for each check, a failure for each finding that fails the command' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l textfile -d 'File for Prometheus metrics, for the textfile collector, or - for standard output' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l markdown -d 'File for the result as Markdown, or - for standard output' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l explain -d 'Say what a check looks at, why, and what mends it' -r
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l all -d 'Look at every session'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l fix -d 'Apply the remedies that are safe for a machine to apply, and look again'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l dry-run -d 'Only show what --fix would do'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -s y -l yes -d 'Agree to the fixes in advance'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l offline -d 'Talk to nothing beyond this machine; what would is skipped'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l smoke -d 'Make the checks of files, modes, settings and the machine alone, which need no daemon; for CI'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l smoke-running -d 'The same, and the daemon must be up, READY, and answer every endpoint that only reads'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l no-record -d 'Keep nothing of what is found for the next time'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l github -d 'Write findings as annotations of GitHub Actions too, on stdout, or on stderr beside --format json'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -l list -d 'List every check'
complete -c wpp -n "__fish_wpp_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -l days -d 'How far back to look' -r
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -l html -d 'Write the same as a page, which needs no other file' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -l all -d 'Every session of this home, whatever WPP_SESSION says; so it is without --session'
complete -c wpp -n "__fish_wpp_using_subcommand capacity" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -l to -d 'The file to write, .tar.gz or .tar.zst [default: wpp-support-<UTC time>.tar.gz in this folder]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -l lines -d 'Newest lines of each session\'s log' -r
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -l dry-run -d 'Show what would be written, and write nothing'
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand support-bundle" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "list" -d 'List the runbooks that wpp brings and your own'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "show" -d 'Show a runbook as it is written'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "lint" -d 'Say what is wrong with runbooks; exit 3 when something is'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "run" -d 'Run a runbook: look, act, verify, and take back what it began when something deviates'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "resume" -d 'Go on with a run that was cut off'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "undo" -d 'Take back what a run began that was cut off, or whose undo failed'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "runs" -d 'List runs, and which of them are open'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "new" -d 'Write a new runbook of your own to begin with'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint run resume undo runs new help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from show" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from show" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from show" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from lint" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from lint" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from lint" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l set -d 'Value of a parameter; may be given several times' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l secret -d 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l answer -d 'Answer to a question of the runbook, in advance' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l evidence -d 'Keep the evidence in this folder [default: reports/RUN in the home]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l allow-shell -d 'Let blocks of kind sh run'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l dry-run -d 'Show what would be done with these parameters, and do nothing'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l yes -d 'Agree to the plan in advance'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -l despite-open -d 'Begin although an earlier run of it on the same session was cut off, and not taken back'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -l secret -d 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -l answer -d 'Answer to a question of the runbook, in advance' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -l secret -d 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -l answer -d 'Answer to a question of the runbook, in advance' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from runs" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from runs" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from runs" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from runs" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from runs" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -l file -d 'Write it into this file [default: runbooks/ID.md in the home]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -l drill -d 'A drill that runs in a throw-away sandbox'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the runbooks that wpp brings and your own'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a runbook as it is written'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "lint" -d 'Say what is wrong with runbooks; exit 3 when something is'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run a runbook: look, act, verify, and take back what it began when something deviates'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Go on with a run that was cut off'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "undo" -d 'Take back what a run began that was cut off, or whose undo failed'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "runs" -d 'List runs, and which of them are open'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "new" -d 'Write a new runbook of your own to begin with'
complete -c wpp -n "__fish_wpp_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "list" -d 'List the drills'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "show" -d 'Show a drill as it is written'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "run" -d 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "inject" -d 'Break something in a sandbox home, or take it back'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "recovery" -d 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "guard" -d 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and not __fish_seen_subcommand_from list show run inject recovery guard help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from show" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from show" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from show" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l set -d 'Value of a parameter; may be given several times' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l secret -d 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l answer -d 'Answer to a question of the runbook, in advance' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l apart-from -d 'The mount namespace that this process is not in: the sandbox may have a disk of its own' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l evidence -l report -d 'Keep the evidence in this folder [default: reports/RUN in the home]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l all -d 'Every drill that runs in a sandbox'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l allow-shell -d 'Let blocks of kind sh run'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l dry-run -d 'Show what would be done with these parameters, and do nothing'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l yes -d 'Agree to the plan in advance'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l despite-open -d 'Begin although an earlier run of it on the same session was cut off, and not taken back'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -l keep -d 'Keep the sandbox even when all is well'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l for -d 'How long what another process holds is held, in seconds' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l by -d 'clock-jump: how many seconds the clock jumps; back when negative' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l times -d 'Faults of the server: how often; until it is taken back by default' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l delay-ms -d 'slow-network: how late each stanza is' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l list -d 'List the faults, and what an operator sees of each'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l release -d 'Take back what lasts until it is taken back'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -l helper -d 'What is already the process behind a fault'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from inject" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -l timeout -d 'How long to wait for READY' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from recovery" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from guard" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from guard" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from guard" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from guard" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from guard" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the drills'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a drill as it is written'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "inject" -d 'Break something in a sandbox home, or take it back'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "recovery" -d 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "guard" -d 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not'
complete -c wpp -n "__fish_wpp_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "check" -d 'Say what a file that is called a dump really is; a stub or a dump without an end is refused'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "rehearse" -d 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "load" -d 'Load a dump into an empty database of a server that is there'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "servers" -d 'List the disposable servers that were kept, and what is left of others that were interrupted'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "stop" -d 'Stop a disposable server that was kept, and remove it'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and not __fish_seen_subcommand_from check rehearse load servers stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from check" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from check" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from check" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l latest -d 'The newest dump of this folder or s3://BUCKET/PREFIX in the place of a file' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l younger-than -d 'The newest dump must be younger than this: 26h, 7d' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l smoke -d 'File of questions that the restored database must answer; without it, only tables and rows are counted' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l engine -d 'Where the server runs' -r -f -a "auto\t'Programs of this machine, else a container'
local\t'Programs of this machine'
docker\t'A container'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l timeout -d 'Loading may take so many seconds' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l identity -d 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l passphrase-file -d 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l keep -d 'Keep the server even when all is well'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -l discard -d 'Keep nothing, even when something deviates'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from rehearse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -l into -d 'The empty database: postgres://USER@HOST:PORT/DATABASE, or postgres://USER@/DATABASE?host=FOLDER for a socket' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -l secret -d 'Name of the secret that is its password: WPP_SECRET_NAME, secrets/NAME, or a command in config.toml' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -l timeout -d 'Loading may take so many seconds' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from servers" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from servers" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from servers" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from servers" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from servers" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from stop" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from stop" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from stop" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say what a file that is called a dump really is; a stub or a dump without an end is refused'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "rehearse" -d 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "load" -d 'Load a dump into an empty database of a server that is there'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "servers" -d 'List the disposable servers that were kept, and what is left of others that were interrupted'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop a disposable server that was kept, and remove it'
complete -c wpp -n "__fish_wpp_using_subcommand dump; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "list" -d 'List what runbooks and drills left behind'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "show" -d 'Show the report of a run'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "verify" -d 'Look whether the files of a run are what they were when it ended; exit 4 when one is not'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "export" -d 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "rotation" -d 'Write the evidence that credentials were rotated: names and times, and no value'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and not __fish_seen_subcommand_from list show verify export rotation help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -l of -d 'Only of this runbook or drill' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from show" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from show" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from show" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from verify" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from verify" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from verify" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -l to -d 'The file to write [default: ID.tar.gz here]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l before -d 'The environment file as it was before' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l after -d 'The environment file as it is now' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l name -d 'A name whose value must be another one now; give each' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l scan -d 'What the scan for secrets wrote' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l transcript -d 'What another required command wrote, after a label: `doctor=FILE`' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l into -d 'The folder to write into' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from rotation" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "list" -d 'List what runbooks and drills left behind'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the report of a run'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Look whether the files of a run are what they were when it ended; exit 4 when one is not'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "rotation" -d 'Write the evidence that credentials were rotated: names and times, and no value'
complete -c wpp -n "__fish_wpp_using_subcommand evidence; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "run" -d 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "test" -d 'Send a test through every way to every contact; exit 4 when one did not arrive'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "matrix" -d 'Show what is done about which finding'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "contacts" -d 'Show who is told, in which order, and how they are reached'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "history" -d 'Show what was told to whom, newest first, and whether it arrived'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "ack" -d 'Take on a problem: nobody else is told of it, until it is worse or over'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and not __fish_seen_subcommand_from run test matrix contacts history ack help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -l dry-run -d 'Only show what would be told'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -l contact -d 'Only this contact' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -l dry-run -d 'Only show what would be sent'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from matrix" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from matrix" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from matrix" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from matrix" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from matrix" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from contacts" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from contacts" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from contacts" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from contacts" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from contacts" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -l count -d 'How many to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -l subject -d 'Only what it says of this, such as one entry of the schedule [default: all that it says]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -l by -d 'Who takes it on [default: $USER]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from ack" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "run" -d 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a test through every way to every contact; exit 4 when one did not arrive'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "matrix" -d 'Show what is done about which finding'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "contacts" -d 'Show who is told, in which order, and how they are reached'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show what was told to whom, newest first, and whether it arrived'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "ack" -d 'Take on a problem: nobody else is told of it, until it is worse or over'
complete -c wpp -n "__fish_wpp_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -f -a "list" -d 'Show every entry: when it is due next, and how it went last'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -f -a "next" -d 'Show the next times at which entries are due'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -f -a "run" -d 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -f -a "install" -d 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and not __fish_seen_subcommand_from list next run install help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -l count -d 'How many times to show' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from next" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -l follow -d 'Go on until interrupted; what is changed in config.toml and in runbooks counts from then on'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l systemd -d 'A timer and a service of your own systemd'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l cron -d 'A line in your crontab'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l print -d 'Only print what would be written, and write nothing'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -l remove -d 'Take away what was installed'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show every entry: when it is due next, and how it went last'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "next" -d 'Show the next times at which entries are due'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "install" -d 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron'
complete -c wpp -n "__fish_wpp_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -l detached -d 'Leave the terminal\'s session, so that closing the terminal does not end the daemon'
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -l leashed -d 'End when standard input does, which is when whoever started it ends, however that was'
complete -c wpp -n "__fish_wpp_using_subcommand daemon" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "list" -d 'Show all plugins and what each is allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "add" -d 'Add a plugin, or put other bytes in its place'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "remove" -d 'Take a plugin away with all that was granted to it'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "info" -d 'Show what a plugin is, what it asks for and what it is allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "grant" -d 'Allow a plugin more'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "revoke" -d 'Take back what a plugin was allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "accept" -d 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "test" -d 'Try a plugin against recorded answers, without a network'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "new" -d 'Write the start of a plugin: a folder that builds as it is'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "build" -d 'Build a plugin\'s folder to a component'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and not __fish_seen_subcommand_from list add remove info grant revoke accept test new build help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l name -d 'What to call it here [default: the file\'s name]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l grant -d 'Allow it this; may be repeated' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l signature -d 'Its signature by minisign [default: FILE.minisig, where there is one]' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l public-key -d 'Trust this public key of minisign beside those of plugins.public_keys, this time' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from remove" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from remove" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from info" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from info" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from info" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from grant" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from grant" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from grant" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from grant" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from grant" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from revoke" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from revoke" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from revoke" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -s y -l yes -d 'Agree in advance'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from accept" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l answers -d 'The recorded answers: a file, or a folder of files' -r -F
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l set -d 'Set one of the plugin\'s settings; may be repeated' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l grant -d 'Allow it this and nothing else; may be repeated [default: the recording\'s origins and grants]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l only -d 'Judge only this check; may be repeated' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l act -d 'Call what changes something, too: all of it, or what is named' -r -f -a "send\t'Send a message'
link\t'Ask for a QR code'
start\t'Start a session'
restart\t'Restart a session'
stop\t'Stop a session'
logout\t'Unlink a session'
webhook-test\t'Send a test event to a webhook'
webhook-disable\t'Turn a webhook off'
webhook-enable\t'Turn a webhook on'
webhook-retry\t'Deliver a failed event again'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l on -d 'The session to act on [default: the first one]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -l kind -d 'What it is to be: checks for the doctor, a place where notices go, or a gateway to WhatsApp' -r -f -a "checks\t'Checks for the doctor'
notice\t'A place where notices go'
gateway\t'A gateway to WhatsApp'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -l language -d 'What to write it in' -r -f -a "rust\t'Rust, with the SDK'
javascript\t'JavaScript'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -l folder -d 'Where to write it, into a folder that is not there yet or is empty [default: NAME]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from build" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from build" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from build" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from build" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show all plugins and what each is allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a plugin, or put other bytes in its place'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take a plugin away with all that was granted to it'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "info" -d 'Show what a plugin is, what it asks for and what it is allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "grant" -d 'Allow a plugin more'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Take back what a plugin was allowed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "accept" -d 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "test" -d 'Try a plugin against recorded answers, without a network'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "new" -d 'Write the start of a plugin: a folder that builds as it is'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "build" -d 'Build a plugin\'s folder to a component'
complete -c wpp -n "__fish_wpp_using_subcommand plugin; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -f -a "list" -d 'Show all channels'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -f -a "health" -d 'Ask a channel\'s system how it is'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -f -a "send" -d 'Send a message through a channel'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and not __fish_seen_subcommand_from list health send help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from health" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from health" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from health" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from health" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from health" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l to -d 'Whom to; as configured when it is left out' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l title -d 'A heading' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l key -d 'Two messages with the same key are the same, for systems that can tell [default: a new one]' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l problem -d 'The problem that it is about: systems that can keep those about the same one together' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l severity -d 'How much it matters; ok says that the problem is over' -r -f -a "ok\t''
info\t''
warning\t''
error\t''
critical\t''"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show all channels'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from help" -f -a "health" -d 'Ask a channel\'s system how it is'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from help" -f -a "send" -d 'Send a message through a channel'
complete -c wpp -n "__fish_wpp_using_subcommand channel; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "list" -d 'Show the webhooks of a gateway'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "test" -d 'Have a test event sent, and say what its receiver answered'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "failures" -d 'Show events that could not be delivered'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "enable" -d 'Turn a webhook on'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "disable" -d 'Turn a webhook off'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "retry" -d 'Deliver a failed event again'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and not __fish_seen_subcommand_from list test failures enable disable retry help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from list" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from list" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from list" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from test" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from test" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from test" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from failures" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from failures" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from failures" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from failures" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from failures" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from enable" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from enable" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from enable" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from disable" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from disable" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from disable" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from retry" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from retry" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from retry" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show the webhooks of a gateway'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "test" -d 'Have a test event sent, and say what its receiver answered'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "failures" -d 'Show events that could not be delivered'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Turn a webhook on'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Turn a webhook off'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Deliver a failed event again'
complete -c wpp -n "__fish_wpp_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c wpp -n "__fish_wpp_using_subcommand config" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand config" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand config" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand config" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand config" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l home -d 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]' -r -f -a "(__fish_complete_directories)"
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -s s -l session -d 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]' -r
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l format -d 'How results are written: text for people, json for programs (an event a line, then the result)' -r -f -a "text\t'For people'
json\t'For programs; one document, or one line for each event and then the document'"
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l listen -d 'Loopback address to listen on; port 0 takes any' -r
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l ask -d 'Send one request to the simulator that runs in this home, and end' -r
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -s q -l quiet -d 'Say nothing unless something is wrong or was asked for'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l create -d 'Make the home a sandbox if it does not exist yet'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l detach -d 'Go to the background as soon as it listens'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l detached -d 'What is already in the background: it leaves the terminal\'s session'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -l stop -d 'End the simulator that runs in this home'
complete -c wpp -n "__fish_wpp_using_subcommand simulator" -s h -l help -d 'Print help'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "start" -d 'Start the session\'s daemon and wait until it is READY or asks for a phone'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "stop" -d 'Drain and end the session\'s daemon'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "restart" -d 'Stop and start the daemon, proving each stage'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "status" -d 'Say where the session stands and why'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "reauth" -d 'Link the session to a phone, by QR code or pair code'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "send" -d 'Send a message, once, and wait for the server\'s acknowledgement'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "search" -d 'Find stored messages by their words'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "chats" -d 'List chats'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "messages" -d 'List stored messages'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "events" -d 'Show what happens in the session, as it happens or as it was kept'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "logs" -d 'Show the daemon\'s log'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "sync" -d 'Keep the connection or give it up, without ending the daemon'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "outbound" -d 'Pause and resume sending, and list the outbox'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "backup" -d 'Make, list, show and verify archives of sessions'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "restore" -d 'Bring a session back from an archive'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "reset" -d 'Last resort: back the session up, verify the archive, remove the session'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "doctor" -d 'Look at the host, the home and the session, say what is wrong, and mend it with --fix'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "capacity" -d 'Measure what sessions take and how that grows, and say how many more fit'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "support-bundle" -d 'Gather what somebody who helps needs to know, with nobody in it'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "runbook" -d 'Run the documents that say what to do: list, check, run, resume and undo them'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "drill" -d 'Rehearse failures and recovery in a throw-away sandbox'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "dump" -d 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "evidence" -d 'List, show, verify and export what runbooks and drills left behind'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "alert" -d 'Tell people what the doctor finds, and see that it reaches them'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "schedule" -d 'Run what is due: backups, drills and runbooks at their times'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "daemon" -d 'Run the session\'s daemon in the foreground'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "plugin" -d 'Add, allow and remove plugins: checks, and channels such as gateways and notices'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "channel" -d 'Ask channels how they are, and send through them'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "webhook" -d 'List, test, switch and retry the webhooks of a gateway'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "config" -d 'Show every setting, its value and where it comes from'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "simulator" -d 'Run the loopback WhatsApp of a sandbox home, or ask it to do something'
complete -c wpp -n "__fish_wpp_using_subcommand help; and not __fish_seen_subcommand_from start stop restart status reauth send search chats messages events logs sync outbound backup restore reset doctor capacity support-bundle runbook drill dump evidence alert schedule daemon plugin channel webhook config simulator help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
