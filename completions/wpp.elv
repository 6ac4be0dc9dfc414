
use builtin;
use str;

set edit:completion:arg-completer[wpp] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'wpp'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'wpp'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand start 'Start the session''s daemon and wait until it is READY or asks for a phone'
            cand stop 'Drain and end the session''s daemon'
            cand restart 'Stop and start the daemon, proving each stage'
            cand status 'Say where the session stands and why'
            cand reauth 'Link the session to a phone, by QR code or pair code'
            cand send 'Send a message, once, and wait for the server''s acknowledgement'
            cand search 'Find stored messages by their words'
            cand chats 'List chats'
            cand messages 'List stored messages'
            cand events 'Show what happens in the session, as it happens or as it was kept'
            cand logs 'Show the daemon''s log'
            cand sync 'Keep the connection or give it up, without ending the daemon'
            cand outbound 'Pause and resume sending, and list the outbox'
            cand backup 'Make, list, show and verify archives of sessions'
            cand restore 'Bring a session back from an archive'
            cand reset 'Last resort: back the session up, verify the archive, remove the session'
            cand doctor 'Look at the host, the home and the session, say what is wrong, and mend it with --fix'
            cand capacity 'Measure what sessions take and how that grows, and say how many more fit'
            cand support-bundle 'Gather what somebody who helps needs to know, with nobody in it'
            cand runbook 'Run the documents that say what to do: list, check, run, resume and undo them'
            cand drill 'Rehearse failures and recovery in a throw-away sandbox'
            cand dump 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server'
            cand evidence 'List, show, verify and export what runbooks and drills left behind'
            cand alert 'Tell people what the doctor finds, and see that it reaches them'
            cand schedule 'Run what is due: backups, drills and runbooks at their times'
            cand daemon 'Run the session''s daemon in the foreground'
            cand plugin 'Add, allow and remove plugins: checks, and channels such as gateways and notices'
            cand channel 'Ask channels how they are, and send through them'
            cand webhook 'List, test, switch and retry the webhooks of a gateway'
            cand config 'Show every setting, its value and where it comes from'
            cand simulator 'Run the loopback WhatsApp of a sandbox home, or ask it to do something'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;start'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --new-messages 'Go on with no messages when wpp.db is gone, instead of restoring it'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;stop'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --force 'Kill the daemon when it does not end within the drain timeout'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;restart'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --force 'Kill the daemon when it does not end within the drain timeout'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;status'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --all 'Every session of this home; gateways are not asked'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;reauth'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --png 'Also write each QR code to this PNG file'
            cand --pair-code 'Ask for a code to type on this phone instead of a QR code; international form'
            cand --timeout 'How long to wait for the phone, in seconds'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --logout 'Have the gateway unlink its session first, which may delete the session''s keys there'
            cand -y 'Agree in advance to what a gateway throws away'
            cand --yes 'Agree in advance to what a gateway throws away'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;send'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --text-file 'Read the text from a file, or from standard input with -'
            cand --id 'Your own id for this message: repeating the command with it never sends the message twice'
            cand --wait 'How long to wait for the server''s acknowledgement; 0 returns once the message is queued [default: 30]'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;search'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --limit 'Most messages to show'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --rebuild 'Instead of a search, have the daemon make the full-text index anew'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;chats'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;messages'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --chat 'Only this chat: a phone number with its country code, or a JID from `wpp chats`'
            cand --limit 'Most messages to show'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;events'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --after 'Only events after this id [default: all that are kept, or with --follow what comes]'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -f 'Go on with what comes, across restarts of the daemon, until interrupted'
            cand --follow 'Go on with what comes, across restarts of the daemon, until interrupted'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;logs'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -n 'Newest lines to show'
            cand --lines 'Newest lines to show'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -f 'Go on with what the daemon writes, until interrupted'
            cand --follow 'Go on with what the daemon writes, until interrupted'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;sync'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand start 'Keep the session connected'
            cand stop 'Give the connection up until `wpp sync start`; the daemon stays and answers'
            cand status 'Say whether the session is kept connected, and how it stands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;sync;start'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;sync;stop'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;sync;status'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;sync;help'= {
            cand start 'Keep the session connected'
            cand stop 'Give the connection up until `wpp sync start`; the daemon stays and answers'
            cand status 'Say whether the session is kept connected, and how it stands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;sync;help;start'= {
        }
        &'wpp;sync;help;stop'= {
        }
        &'wpp;sync;help;status'= {
        }
        &'wpp;sync;help;help'= {
        }
        &'wpp;outbound'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand pause 'Keep messages in the outbox until `wpp outbound resume`; survives a restart'
            cand resume 'Let messages leave the outbox again'
            cand list 'List messages that wait and messages that the server refused'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;outbound;pause'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;outbound;resume'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;outbound;list'= {
            cand --limit 'Most messages to show'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --all 'Also those that the server accepted'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;outbound;help'= {
            cand pause 'Keep messages in the outbox until `wpp outbound resume`; survives a restart'
            cand resume 'Let messages leave the outbox again'
            cand list 'List messages that wait and messages that the server refused'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;outbound;help;pause'= {
        }
        &'wpp;outbound;help;resume'= {
        }
        &'wpp;outbound;help;list'= {
        }
        &'wpp;outbound;help;help'= {
        }
        &'wpp;backup'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -o 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --output 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --to 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --channel 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused'
            cand --as 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]'
            cand --level 'How hard to compress [default: backup.level in config.toml, else default]'
            cand --recipient 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]'
            cand --recipients-file 'Encrypt the archive to the age recipients in this file, one a line; may be repeated'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --textfile 'File for Prometheus metrics [default: backup.textfile in config.toml]'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --incremental 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash'
            cand --allow-incomplete 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same'
            cand --media 'Take pictures and sound, too'
            cand --passphrase 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it'
            cand --no-prune 'Remove no older archive, whatever rules config.toml sets'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand create 'Make an archive of the session, whether its daemon runs or not'
            cand list 'List the archives of a folder or a store, and the sets of gateways'
            cand show 'Show what one archive says about itself'
            cand verify 'Check an archive at a level'
            cand prune 'Remove archives that no rule keeps'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;backup;create'= {
            cand -o 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --output 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --to 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]'
            cand --channel 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused'
            cand --as 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]'
            cand --level 'How hard to compress [default: backup.level in config.toml, else default]'
            cand --recipient 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]'
            cand --recipients-file 'Encrypt the archive to the age recipients in this file, one a line; may be repeated'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --textfile 'File for Prometheus metrics [default: backup.textfile in config.toml]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --incremental 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash'
            cand --allow-incomplete 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same'
            cand --media 'Take pictures and sound, too'
            cand --passphrase 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it'
            cand --no-prune 'Remove no older archive, whatever rules config.toml sets'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;backup;list'= {
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;backup;show'= {
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;backup;verify'= {
            cand --level 'How far to check'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --keep 'Keep the sandbox that level restore makes, to look at it'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;backup;prune'= {
            cand --channel 'Remove old sets of this gateway in the place of archives of a session, by the same rules'
            cand --keep-last 'Keep the newest N archives [default: backup.keep_last in config.toml]'
            cand --keep-hourly 'Keep the newest archive of each of the last N hours that have one'
            cand --keep-daily 'Keep the newest archive of each of the last N days that have one'
            cand --keep-weekly 'Keep the newest archive of each of the last N weeks that have one'
            cand --keep-monthly 'Keep the newest archive of each of the last N months that have one'
            cand --keep-yearly 'Keep the newest archive of each of the last N years that have one'
            cand --keep-within 'Keep all archives made within this time before the newest: 7d, 36h, 2m (months), 1y6m'
            cand --older-than 'Age from which old copies go: 30d, 36h, 2m (months), 1y; the newest of each kind stays'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --set-aside 'Remove old copies of the session instead, which restores and new links have set aside'
            cand --dry-run 'Show the plan and remove nothing'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;backup;help'= {
            cand create 'Make an archive of the session, whether its daemon runs or not'
            cand list 'List the archives of a folder or a store, and the sets of gateways'
            cand show 'Show what one archive says about itself'
            cand verify 'Check an archive at a level'
            cand prune 'Remove archives that no rule keeps'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;backup;help;create'= {
        }
        &'wpp;backup;help;list'= {
        }
        &'wpp;backup;help;show'= {
        }
        &'wpp;backup;help;verify'= {
        }
        &'wpp;backup;help;prune'= {
        }
        &'wpp;backup;help;help'= {
        }
        &'wpp;restore'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --set 'Lay out a set of a gateway''s state (*.wppset.tar.gz) in a new folder, in the place of restoring a session'
            cand --into 'The folder that the set is laid out in; it must not exist'
            cand --plan 'What to bring back'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --dry-run 'Show the plan and verify the archive; change nothing'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand --keep-daemon-stopped 'Do not start the daemon afterwards'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;reset'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --dry-run 'Show what would be removed, and remove nothing'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand --accept-partial-backup 'Go on when the session is so damaged that its backup holds it only in part; its files are set aside then'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;doctor'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --channel 'Look at the systems behind these plugins, and at nothing else; may be repeated'
            cand --only 'Report only these checks; `wpp.session` stands for all that begin so'
            cand --skip 'Do not report these checks'
            cand --area 'Report only checks of these parts of the catalog, such as security'
            cand --severity 'List only findings that are at least this severe, and those that are unknown; the exit code minds all'
            cand --fail-on 'Exit with 3 when a finding is at least this severe'
            cand --budget 'How long the whole look may take; what is not reached by then is unknown'
            cand --wait 'Look again until nothing is left that would fail the command, for at most so long, such as 60s'
            cand --watch 'Look again and again until Ctrl-C, every 5s or as often as is said: the whole on a terminal, else a line for each change'
            cand --junit 'File for the result as JUnit XML, or - for standard output: a case for each check, a failure for each finding that fails the command'
            cand --textfile 'File for Prometheus metrics, for the textfile collector, or - for standard output'
            cand --markdown 'File for the result as Markdown, or - for standard output'
            cand --explain 'Say what a check looks at, why, and what mends it'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --all 'Look at every session'
            cand --fix 'Apply the remedies that are safe for a machine to apply, and look again'
            cand --dry-run 'Only show what --fix would do'
            cand -y 'Agree to the fixes in advance'
            cand --yes 'Agree to the fixes in advance'
            cand --offline 'Talk to nothing beyond this machine; what would is skipped'
            cand --smoke 'Make the checks of files, modes, settings and the machine alone, which need no daemon; for CI'
            cand --smoke-running 'The same, and the daemon must be up, READY, and answer every endpoint that only reads'
            cand --no-record 'Keep nothing of what is found for the next time'
            cand --github 'Write findings as annotations of GitHub Actions too, on stdout, or on stderr beside --format json'
            cand --list 'List every check'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;capacity'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --days 'How far back to look'
            cand --html 'Write the same as a page, which needs no other file'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --all 'Every session of this home, whatever WPP_SESSION says; so it is without --session'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;support-bundle'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --to 'The file to write, .tar.gz or .tar.zst [default: wpp-support-<UTC time>.tar.gz in this folder]'
            cand --lines 'Newest lines of each session''s log'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --dry-run 'Show what would be written, and write nothing'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the runbooks that wpp brings and your own'
            cand show 'Show a runbook as it is written'
            cand lint 'Say what is wrong with runbooks; exit 3 when something is'
            cand run 'Run a runbook: look, act, verify, and take back what it began when something deviates'
            cand resume 'Go on with a run that was cut off'
            cand undo 'Take back what a run began that was cut off, or whose undo failed'
            cand runs 'List runs, and which of them are open'
            cand new 'Write a new runbook of your own to begin with'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;runbook;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;show'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;lint'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;run'= {
            cand --set 'Value of a parameter; may be given several times'
            cand --secret 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME'
            cand --answer 'Answer to a question of the runbook, in advance'
            cand --evidence 'Keep the evidence in this folder [default: reports/RUN in the home]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --allow-shell 'Let blocks of kind sh run'
            cand --dry-run 'Show what would be done with these parameters, and do nothing'
            cand --yes 'Agree to the plan in advance'
            cand --despite-open 'Begin although an earlier run of it on the same session was cut off, and not taken back'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;resume'= {
            cand --secret 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME'
            cand --answer 'Answer to a question of the runbook, in advance'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;undo'= {
            cand --secret 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME'
            cand --answer 'Answer to a question of the runbook, in advance'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;runs'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;new'= {
            cand --file 'Write it into this file [default: runbooks/ID.md in the home]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --drill 'A drill that runs in a throw-away sandbox'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;runbook;help'= {
            cand list 'List the runbooks that wpp brings and your own'
            cand show 'Show a runbook as it is written'
            cand lint 'Say what is wrong with runbooks; exit 3 when something is'
            cand run 'Run a runbook: look, act, verify, and take back what it began when something deviates'
            cand resume 'Go on with a run that was cut off'
            cand undo 'Take back what a run began that was cut off, or whose undo failed'
            cand runs 'List runs, and which of them are open'
            cand new 'Write a new runbook of your own to begin with'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;runbook;help;list'= {
        }
        &'wpp;runbook;help;show'= {
        }
        &'wpp;runbook;help;lint'= {
        }
        &'wpp;runbook;help;run'= {
        }
        &'wpp;runbook;help;resume'= {
        }
        &'wpp;runbook;help;undo'= {
        }
        &'wpp;runbook;help;runs'= {
        }
        &'wpp;runbook;help;new'= {
        }
        &'wpp;runbook;help;help'= {
        }
        &'wpp;drill'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the drills'
            cand show 'Show a drill as it is written'
            cand run 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates'
            cand inject 'Break something in a sandbox home, or take it back'
            cand recovery 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was'
            cand guard 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;drill;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;show'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;run'= {
            cand --set 'Value of a parameter; may be given several times'
            cand --secret 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME'
            cand --answer 'Answer to a question of the runbook, in advance'
            cand --apart-from 'The mount namespace that this process is not in: the sandbox may have a disk of its own'
            cand --evidence 'Keep the evidence in this folder [default: reports/RUN in the home]'
            cand --report 'Keep the evidence in this folder [default: reports/RUN in the home]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --all 'Every drill that runs in a sandbox'
            cand --allow-shell 'Let blocks of kind sh run'
            cand --dry-run 'Show what would be done with these parameters, and do nothing'
            cand --yes 'Agree to the plan in advance'
            cand --despite-open 'Begin although an earlier run of it on the same session was cut off, and not taken back'
            cand --keep 'Keep the sandbox even when all is well'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;inject'= {
            cand --for 'How long what another process holds is held, in seconds'
            cand --by 'clock-jump: how many seconds the clock jumps; back when negative'
            cand --times 'Faults of the server: how often; until it is taken back by default'
            cand --delay-ms 'slow-network: how late each stanza is'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --list 'List the faults, and what an operator sees of each'
            cand --release 'Take back what lasts until it is taken back'
            cand --helper 'What is already the process behind a fault'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;recovery'= {
            cand --timeout 'How long to wait for READY'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;guard'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;drill;help'= {
            cand list 'List the drills'
            cand show 'Show a drill as it is written'
            cand run 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates'
            cand inject 'Break something in a sandbox home, or take it back'
            cand recovery 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was'
            cand guard 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;drill;help;list'= {
        }
        &'wpp;drill;help;show'= {
        }
        &'wpp;drill;help;run'= {
        }
        &'wpp;drill;help;inject'= {
        }
        &'wpp;drill;help;recovery'= {
        }
        &'wpp;drill;help;guard'= {
        }
        &'wpp;drill;help;help'= {
        }
        &'wpp;dump'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand check 'Say what a file that is called a dump really is; a stub or a dump without an end is refused'
            cand rehearse 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds'
            cand load 'Load a dump into an empty database of a server that is there'
            cand servers 'List the disposable servers that were kept, and what is left of others that were interrupted'
            cand stop 'Stop a disposable server that was kept, and remove it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;dump;check'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;dump;rehearse'= {
            cand --latest 'The newest dump of this folder or s3://BUCKET/PREFIX in the place of a file'
            cand --younger-than 'The newest dump must be younger than this: 26h, 7d'
            cand --smoke 'File of questions that the restored database must answer; without it, only tables and rows are counted'
            cand --engine 'Where the server runs'
            cand --timeout 'Loading may take so many seconds'
            cand --identity 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated'
            cand --passphrase-file 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --keep 'Keep the server even when all is well'
            cand --discard 'Keep nothing, even when something deviates'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;dump;load'= {
            cand --into 'The empty database: postgres://USER@HOST:PORT/DATABASE, or postgres://USER@/DATABASE?host=FOLDER for a socket'
            cand --secret 'Name of the secret that is its password: WPP_SECRET_NAME, secrets/NAME, or a command in config.toml'
            cand --timeout 'Loading may take so many seconds'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;dump;servers'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;dump;stop'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;dump;help'= {
            cand check 'Say what a file that is called a dump really is; a stub or a dump without an end is refused'
            cand rehearse 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds'
            cand load 'Load a dump into an empty database of a server that is there'
            cand servers 'List the disposable servers that were kept, and what is left of others that were interrupted'
            cand stop 'Stop a disposable server that was kept, and remove it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;dump;help;check'= {
        }
        &'wpp;dump;help;rehearse'= {
        }
        &'wpp;dump;help;load'= {
        }
        &'wpp;dump;help;servers'= {
        }
        &'wpp;dump;help;stop'= {
        }
        &'wpp;dump;help;help'= {
        }
        &'wpp;evidence'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List what runbooks and drills left behind'
            cand show 'Show the report of a run'
            cand verify 'Look whether the files of a run are what they were when it ended; exit 4 when one is not'
            cand export 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were'
            cand rotation 'Write the evidence that credentials were rotated: names and times, and no value'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;evidence;list'= {
            cand --of 'Only of this runbook or drill'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;evidence;show'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;evidence;verify'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;evidence;export'= {
            cand --to 'The file to write [default: ID.tar.gz here]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;evidence;rotation'= {
            cand --before 'The environment file as it was before'
            cand --after 'The environment file as it is now'
            cand --name 'A name whose value must be another one now; give each'
            cand --scan 'What the scan for secrets wrote'
            cand --transcript 'What another required command wrote, after a label: `doctor=FILE`'
            cand --into 'The folder to write into'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;evidence;help'= {
            cand list 'List what runbooks and drills left behind'
            cand show 'Show the report of a run'
            cand verify 'Look whether the files of a run are what they were when it ended; exit 4 when one is not'
            cand export 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were'
            cand rotation 'Write the evidence that credentials were rotated: names and times, and no value'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;evidence;help;list'= {
        }
        &'wpp;evidence;help;show'= {
        }
        &'wpp;evidence;help;verify'= {
        }
        &'wpp;evidence;help;export'= {
        }
        &'wpp;evidence;help;rotation'= {
        }
        &'wpp;evidence;help;help'= {
        }
        &'wpp;alert'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand run 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not'
            cand test 'Send a test through every way to every contact; exit 4 when one did not arrive'
            cand matrix 'Show what is done about which finding'
            cand contacts 'Show who is told, in which order, and how they are reached'
            cand history 'Show what was told to whom, newest first, and whether it arrived'
            cand ack 'Take on a problem: nobody else is told of it, until it is worse or over'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;alert;run'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --dry-run 'Only show what would be told'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;test'= {
            cand --contact 'Only this contact'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --dry-run 'Only show what would be sent'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;matrix'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;contacts'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;history'= {
            cand --count 'How many to show'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;ack'= {
            cand --subject 'Only what it says of this, such as one entry of the schedule [default: all that it says]'
            cand --by 'Who takes it on [default: $USER]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;alert;help'= {
            cand run 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not'
            cand test 'Send a test through every way to every contact; exit 4 when one did not arrive'
            cand matrix 'Show what is done about which finding'
            cand contacts 'Show who is told, in which order, and how they are reached'
            cand history 'Show what was told to whom, newest first, and whether it arrived'
            cand ack 'Take on a problem: nobody else is told of it, until it is worse or over'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;alert;help;run'= {
        }
        &'wpp;alert;help;test'= {
        }
        &'wpp;alert;help;matrix'= {
        }
        &'wpp;alert;help;contacts'= {
        }
        &'wpp;alert;help;history'= {
        }
        &'wpp;alert;help;ack'= {
        }
        &'wpp;alert;help;help'= {
        }
        &'wpp;schedule'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show every entry: when it is due next, and how it went last'
            cand next 'Show the next times at which entries are due'
            cand run 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed'
            cand install 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;schedule;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;schedule;next'= {
            cand --count 'How many times to show'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;schedule;run'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --follow 'Go on until interrupted; what is changed in config.toml and in runbooks counts from then on'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;schedule;install'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --systemd 'A timer and a service of your own systemd'
            cand --cron 'A line in your crontab'
            cand --print 'Only print what would be written, and write nothing'
            cand --remove 'Take away what was installed'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;schedule;help'= {
            cand list 'Show every entry: when it is due next, and how it went last'
            cand next 'Show the next times at which entries are due'
            cand run 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed'
            cand install 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;schedule;help;list'= {
        }
        &'wpp;schedule;help;next'= {
        }
        &'wpp;schedule;help;run'= {
        }
        &'wpp;schedule;help;install'= {
        }
        &'wpp;schedule;help;help'= {
        }
        &'wpp;daemon'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --detached 'Leave the terminal''s session, so that closing the terminal does not end the daemon'
            cand --leashed 'End when standard input does, which is when whoever started it ends, however that was'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show all plugins and what each is allowed'
            cand add 'Add a plugin, or put other bytes in its place'
            cand remove 'Take a plugin away with all that was granted to it'
            cand info 'Show what a plugin is, what it asks for and what it is allowed'
            cand grant 'Allow a plugin more'
            cand revoke 'Take back what a plugin was allowed'
            cand accept 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed'
            cand test 'Try a plugin against recorded answers, without a network'
            cand new 'Write the start of a plugin: a folder that builds as it is'
            cand build 'Build a plugin''s folder to a component'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;plugin;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;add'= {
            cand --name 'What to call it here [default: the file''s name]'
            cand --grant 'Allow it this; may be repeated'
            cand --signature 'Its signature by minisign [default: FILE.minisig, where there is one]'
            cand --public-key 'Trust this public key of minisign beside those of plugins.public_keys, this time'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;remove'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;info'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;grant'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;revoke'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;accept'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -y 'Agree in advance'
            cand --yes 'Agree in advance'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;test'= {
            cand --answers 'The recorded answers: a file, or a folder of files'
            cand --set 'Set one of the plugin''s settings; may be repeated'
            cand --grant 'Allow it this and nothing else; may be repeated [default: the recording''s origins and grants]'
            cand --only 'Judge only this check; may be repeated'
            cand --act 'Call what changes something, too: all of it, or what is named'
            cand --on 'The session to act on [default: the first one]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;plugin;new'= {
            cand --kind 'What it is to be: checks for the doctor, a place where notices go, or a gateway to WhatsApp'
            cand --language 'What to write it in'
            cand --folder 'Where to write it, into a folder that is not there yet or is empty [default: NAME]'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;plugin;build'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;plugin;help'= {
            cand list 'Show all plugins and what each is allowed'
            cand add 'Add a plugin, or put other bytes in its place'
            cand remove 'Take a plugin away with all that was granted to it'
            cand info 'Show what a plugin is, what it asks for and what it is allowed'
            cand grant 'Allow a plugin more'
            cand revoke 'Take back what a plugin was allowed'
            cand accept 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed'
            cand test 'Try a plugin against recorded answers, without a network'
            cand new 'Write the start of a plugin: a folder that builds as it is'
            cand build 'Build a plugin''s folder to a component'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;plugin;help;list'= {
        }
        &'wpp;plugin;help;add'= {
        }
        &'wpp;plugin;help;remove'= {
        }
        &'wpp;plugin;help;info'= {
        }
        &'wpp;plugin;help;grant'= {
        }
        &'wpp;plugin;help;revoke'= {
        }
        &'wpp;plugin;help;accept'= {
        }
        &'wpp;plugin;help;test'= {
        }
        &'wpp;plugin;help;new'= {
        }
        &'wpp;plugin;help;build'= {
        }
        &'wpp;plugin;help;help'= {
        }
        &'wpp;channel'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show all channels'
            cand health 'Ask a channel''s system how it is'
            cand send 'Send a message through a channel'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;channel;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;channel;health'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;channel;send'= {
            cand --to 'Whom to; as configured when it is left out'
            cand --title 'A heading'
            cand --key 'Two messages with the same key are the same, for systems that can tell [default: a new one]'
            cand --problem 'The problem that it is about: systems that can keep those about the same one together'
            cand --severity 'How much it matters; ok says that the problem is over'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;channel;help'= {
            cand list 'Show all channels'
            cand health 'Ask a channel''s system how it is'
            cand send 'Send a message through a channel'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;channel;help;list'= {
        }
        &'wpp;channel;help;health'= {
        }
        &'wpp;channel;help;send'= {
        }
        &'wpp;channel;help;help'= {
        }
        &'wpp;webhook'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show the webhooks of a gateway'
            cand test 'Have a test event sent, and say what its receiver answered'
            cand failures 'Show events that could not be delivered'
            cand enable 'Turn a webhook on'
            cand disable 'Turn a webhook off'
            cand retry 'Deliver a failed event again'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;webhook;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;test'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;failures'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;enable'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;disable'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;retry'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;webhook;help'= {
            cand list 'Show the webhooks of a gateway'
            cand test 'Have a test event sent, and say what its receiver answered'
            cand failures 'Show events that could not be delivered'
            cand enable 'Turn a webhook on'
            cand disable 'Turn a webhook off'
            cand retry 'Deliver a failed event again'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;webhook;help;list'= {
        }
        &'wpp;webhook;help;test'= {
        }
        &'wpp;webhook;help;failures'= {
        }
        &'wpp;webhook;help;enable'= {
        }
        &'wpp;webhook;help;disable'= {
        }
        &'wpp;webhook;help;retry'= {
        }
        &'wpp;webhook;help;help'= {
        }
        &'wpp;config'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;simulator'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written: text for people, json for programs (an event a line, then the result)'
            cand --listen 'Loopback address to listen on; port 0 takes any'
            cand --ask 'Send one request to the simulator that runs in this home, and end'
            cand -q 'Say nothing unless something is wrong or was asked for'
            cand --quiet 'Say nothing unless something is wrong or was asked for'
            cand --create 'Make the home a sandbox if it does not exist yet'
            cand --detach 'Go to the background as soon as it listens'
            cand --detached 'What is already in the background: it leaves the terminal''s session'
            cand --stop 'End the simulator that runs in this home'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wpp;help'= {
            cand start 'Start the session''s daemon and wait until it is READY or asks for a phone'
            cand stop 'Drain and end the session''s daemon'
            cand restart 'Stop and start the daemon, proving each stage'
            cand status 'Say where the session stands and why'
            cand reauth 'Link the session to a phone, by QR code or pair code'
            cand send 'Send a message, once, and wait for the server''s acknowledgement'
            cand search 'Find stored messages by their words'
            cand chats 'List chats'
            cand messages 'List stored messages'
            cand events 'Show what happens in the session, as it happens or as it was kept'
            cand logs 'Show the daemon''s log'
            cand sync 'Keep the connection or give it up, without ending the daemon'
            cand outbound 'Pause and resume sending, and list the outbox'
            cand backup 'Make, list, show and verify archives of sessions'
            cand restore 'Bring a session back from an archive'
            cand reset 'Last resort: back the session up, verify the archive, remove the session'
            cand doctor 'Look at the host, the home and the session, say what is wrong, and mend it with --fix'
            cand capacity 'Measure what sessions take and how that grows, and say how many more fit'
            cand support-bundle 'Gather what somebody who helps needs to know, with nobody in it'
            cand runbook 'Run the documents that say what to do: list, check, run, resume and undo them'
            cand drill 'Rehearse failures and recovery in a throw-away sandbox'
            cand dump 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server'
            cand evidence 'List, show, verify and export what runbooks and drills left behind'
            cand alert 'Tell people what the doctor finds, and see that it reaches them'
            cand schedule 'Run what is due: backups, drills and runbooks at their times'
            cand daemon 'Run the session''s daemon in the foreground'
            cand plugin 'Add, allow and remove plugins: checks, and channels such as gateways and notices'
            cand channel 'Ask channels how they are, and send through them'
            cand webhook 'List, test, switch and retry the webhooks of a gateway'
            cand config 'Show every setting, its value and where it comes from'
            cand simulator 'Run the loopback WhatsApp of a sandbox home, or ask it to do something'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;help;start'= {
        }
        &'wpp;help;stop'= {
        }
        &'wpp;help;restart'= {
        }
        &'wpp;help;status'= {
        }
        &'wpp;help;reauth'= {
        }
        &'wpp;help;send'= {
        }
        &'wpp;help;search'= {
        }
        &'wpp;help;chats'= {
        }
        &'wpp;help;messages'= {
        }
        &'wpp;help;events'= {
        }
        &'wpp;help;logs'= {
        }
        &'wpp;help;sync'= {
        }
        &'wpp;help;outbound'= {
        }
        &'wpp;help;backup'= {
        }
        &'wpp;help;restore'= {
        }
        &'wpp;help;reset'= {
        }
        &'wpp;help;doctor'= {
        }
        &'wpp;help;capacity'= {
        }
        &'wpp;help;support-bundle'= {
        }
        &'wpp;help;runbook'= {
        }
        &'wpp;help;drill'= {
        }
        &'wpp;help;dump'= {
        }
        &'wpp;help;evidence'= {
        }
        &'wpp;help;alert'= {
        }
        &'wpp;help;schedule'= {
        }
        &'wpp;help;daemon'= {
        }
        &'wpp;help;plugin'= {
        }
        &'wpp;help;channel'= {
        }
        &'wpp;help;webhook'= {
        }
        &'wpp;help;config'= {
        }
        &'wpp;help;simulator'= {
        }
        &'wpp;help;help'= {
        }
    ]
    $completions[$command]
}
