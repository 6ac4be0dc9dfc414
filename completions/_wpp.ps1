
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'wpp' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'wpp'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'wpp' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start the session''s daemon and wait until it is READY or asks for a phone')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Drain and end the session''s daemon')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop and start the daemon, proving each stage')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say where the session stands and why')
            [CompletionResult]::new('reauth', 'reauth', [CompletionResultType]::ParameterValue, 'Link the session to a phone, by QR code or pair code')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message, once, and wait for the server''s acknowledgement')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find stored messages by their words')
            [CompletionResult]::new('chats', 'chats', [CompletionResultType]::ParameterValue, 'List chats')
            [CompletionResult]::new('messages', 'messages', [CompletionResultType]::ParameterValue, 'List stored messages')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Show what happens in the session, as it happens or as it was kept')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show the daemon''s log')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Keep the connection or give it up, without ending the daemon')
            [CompletionResult]::new('outbound', 'outbound', [CompletionResultType]::ParameterValue, 'Pause and resume sending, and list the outbox')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Make, list, show and verify archives of sessions')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring a session back from an archive')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Last resort: back the session up, verify the archive, remove the session')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the host, the home and the session, say what is wrong, and mend it with --fix')
            [CompletionResult]::new('capacity', 'capacity', [CompletionResultType]::ParameterValue, 'Measure what sessions take and how that grows, and say how many more fit')
            [CompletionResult]::new('support-bundle', 'support-bundle', [CompletionResultType]::ParameterValue, 'Gather what somebody who helps needs to know, with nobody in it')
            [CompletionResult]::new('runbook', 'runbook', [CompletionResultType]::ParameterValue, 'Run the documents that say what to do: list, check, run, resume and undo them')
            [CompletionResult]::new('drill', 'drill', [CompletionResultType]::ParameterValue, 'Rehearse failures and recovery in a throw-away sandbox')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server')
            [CompletionResult]::new('evidence', 'evidence', [CompletionResultType]::ParameterValue, 'List, show, verify and export what runbooks and drills left behind')
            [CompletionResult]::new('alert', 'alert', [CompletionResultType]::ParameterValue, 'Tell people what the doctor finds, and see that it reaches them')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Run what is due: backups, drills and runbooks at their times')
            [CompletionResult]::new('daemon', 'daemon', [CompletionResultType]::ParameterValue, 'Run the session''s daemon in the foreground')
            [CompletionResult]::new('plugin', 'plugin', [CompletionResultType]::ParameterValue, 'Add, allow and remove plugins: checks, and channels such as gateways and notices')
            [CompletionResult]::new('channel', 'channel', [CompletionResultType]::ParameterValue, 'Ask channels how they are, and send through them')
            [CompletionResult]::new('webhook', 'webhook', [CompletionResultType]::ParameterValue, 'List, test, switch and retry the webhooks of a gateway')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('simulator', 'simulator', [CompletionResultType]::ParameterValue, 'Run the loopback WhatsApp of a sandbox home, or ask it to do something')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;start' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--new-messages', '--new-messages', [CompletionResultType]::ParameterName, 'Go on with no messages when wpp.db is gone, instead of restoring it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;stop' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Kill the daemon when it does not end within the drain timeout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;restart' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Kill the daemon when it does not end within the drain timeout')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;status' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every session of this home; gateways are not asked')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;reauth' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--png', '--png', [CompletionResultType]::ParameterName, 'Also write each QR code to this PNG file')
            [CompletionResult]::new('--pair-code', '--pair-code', [CompletionResultType]::ParameterName, 'Ask for a code to type on this phone instead of a QR code; international form')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for the phone, in seconds')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--logout', '--logout', [CompletionResultType]::ParameterName, 'Have the gateway unlink its session first, which may delete the session''s keys there')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance to what a gateway throws away')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance to what a gateway throws away')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;send' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--text-file', '--text-file', [CompletionResultType]::ParameterName, 'Read the text from a file, or from standard input with -')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Your own id for this message: repeating the command with it never sends the message twice')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'How long to wait for the server''s acknowledgement; 0 returns once the message is queued [default: 30]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;search' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most messages to show')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--rebuild', '--rebuild', [CompletionResultType]::ParameterName, 'Instead of a search, have the daemon make the full-text index anew')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;chats' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;messages' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--chat', '--chat', [CompletionResultType]::ParameterName, 'Only this chat: a phone number with its country code, or a JID from `wpp chats`')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most messages to show')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;events' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Only events after this id [default: all that are kept, or with --follow what comes]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what comes, across restarts of the daemon, until interrupted')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what comes, across restarts of the daemon, until interrupted')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;logs' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Newest lines to show')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Newest lines to show')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what the daemon writes, until interrupted')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what the daemon writes, until interrupted')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;sync' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Keep the session connected')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Give the connection up until `wpp sync start`; the daemon stays and answers')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether the session is kept connected, and how it stands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;sync;start' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;sync;stop' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;sync;status' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;sync;help' {
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Keep the session connected')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Give the connection up until `wpp sync start`; the daemon stays and answers')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether the session is kept connected, and how it stands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;sync;help;start' {
            break
        }
        'wpp;sync;help;stop' {
            break
        }
        'wpp;sync;help;status' {
            break
        }
        'wpp;sync;help;help' {
            break
        }
        'wpp;outbound' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Keep messages in the outbox until `wpp outbound resume`; survives a restart')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let messages leave the outbox again')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List messages that wait and messages that the server refused')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;outbound;pause' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;outbound;resume' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;outbound;list' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most messages to show')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also those that the server accepted')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;outbound;help' {
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Keep messages in the outbox until `wpp outbound resume`; survives a restart')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let messages leave the outbox again')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List messages that wait and messages that the server refused')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;outbound;help;pause' {
            break
        }
        'wpp;outbound;help;resume' {
            break
        }
        'wpp;outbound;help;list' {
            break
        }
        'wpp;outbound;help;help' {
            break
        }
        'wpp;backup' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How hard to compress [default: backup.level in config.toml, else default]')
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]')
            [CompletionResult]::new('--recipients-file', '--recipients-file', [CompletionResultType]::ParameterName, 'Encrypt the archive to the age recipients in this file, one a line; may be repeated')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--textfile', '--textfile', [CompletionResultType]::ParameterName, 'File for Prometheus metrics [default: backup.textfile in config.toml]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--incremental', '--incremental', [CompletionResultType]::ParameterName, 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash')
            [CompletionResult]::new('--allow-incomplete', '--allow-incomplete', [CompletionResultType]::ParameterName, 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same')
            [CompletionResult]::new('--media', '--media', [CompletionResultType]::ParameterName, 'Take pictures and sound, too')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it')
            [CompletionResult]::new('--no-prune', '--no-prune', [CompletionResultType]::ParameterName, 'Remove no older archive, whatever rules config.toml sets')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an archive of the session, whether its daemon runs or not')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the archives of a folder or a store, and the sets of gateways')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what one archive says about itself')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check an archive at a level')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove archives that no rule keeps')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;backup;create' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml names them, in one set; one that lacks a part is refused')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How hard to compress [default: backup.level in config.toml, else default]')
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'Encrypt the archive to this age recipient (age1…); may be repeated [default: backup.recipients in config.toml]')
            [CompletionResult]::new('--recipients-file', '--recipients-file', [CompletionResultType]::ParameterName, 'Encrypt the archive to the age recipients in this file, one a line; may be repeated')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--textfile', '--textfile', [CompletionResultType]::ParameterName, 'File for Prometheus metrics [default: backup.textfile in config.toml]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--incremental', '--incremental', [CompletionResultType]::ParameterName, 'Only the pages of wpp.db that changed since the newest archive there; a full archive, saying why, when that cannot be done or would save less than half. All of wpp.db is checked either way; an increment is read back at level hash')
            [CompletionResult]::new('--allow-incomplete', '--allow-incomplete', [CompletionResultType]::ParameterName, 'Keep a set that lacks a part, marked as incomplete; exit 4 all the same')
            [CompletionResult]::new('--media', '--media', [CompletionResultType]::ParameterName, 'Take pictures and sound, too')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Encrypt the archive with a passphrase, which is asked for unless a file or a variable holds it')
            [CompletionResult]::new('--no-prune', '--no-prune', [CompletionResultType]::ParameterName, 'Remove no older archive, whatever rules config.toml sets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;backup;list' {
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;backup;show' {
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;backup;verify' {
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'How far to check')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the sandbox that level restore makes, to look at it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;backup;prune' {
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'Remove old sets of this gateway in the place of archives of a session, by the same rules')
            [CompletionResult]::new('--keep-last', '--keep-last', [CompletionResultType]::ParameterName, 'Keep the newest N archives [default: backup.keep_last in config.toml]')
            [CompletionResult]::new('--keep-hourly', '--keep-hourly', [CompletionResultType]::ParameterName, 'Keep the newest archive of each of the last N hours that have one')
            [CompletionResult]::new('--keep-daily', '--keep-daily', [CompletionResultType]::ParameterName, 'Keep the newest archive of each of the last N days that have one')
            [CompletionResult]::new('--keep-weekly', '--keep-weekly', [CompletionResultType]::ParameterName, 'Keep the newest archive of each of the last N weeks that have one')
            [CompletionResult]::new('--keep-monthly', '--keep-monthly', [CompletionResultType]::ParameterName, 'Keep the newest archive of each of the last N months that have one')
            [CompletionResult]::new('--keep-yearly', '--keep-yearly', [CompletionResultType]::ParameterName, 'Keep the newest archive of each of the last N years that have one')
            [CompletionResult]::new('--keep-within', '--keep-within', [CompletionResultType]::ParameterName, 'Keep all archives made within this time before the newest: 7d, 36h, 2m (months), 1y6m')
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Age from which old copies go: 30d, 36h, 2m (months), 1y; the newest of each kind stays')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--set-aside', '--set-aside', [CompletionResultType]::ParameterName, 'Remove old copies of the session instead, which restores and new links have set aside')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the plan and remove nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;backup;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an archive of the session, whether its daemon runs or not')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the archives of a folder or a store, and the sets of gateways')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what one archive says about itself')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check an archive at a level')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove archives that no rule keeps')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;backup;help;create' {
            break
        }
        'wpp;backup;help;list' {
            break
        }
        'wpp;backup;help;show' {
            break
        }
        'wpp;backup;help;verify' {
            break
        }
        'wpp;backup;help;prune' {
            break
        }
        'wpp;backup;help;help' {
            break
        }
        'wpp;restore' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Lay out a set of a gateway''s state (*.wppset.tar.gz) in a new folder, in the place of restoring a session')
            [CompletionResult]::new('--into', '--into', [CompletionResultType]::ParameterName, 'The folder that the set is laid out in; it must not exist')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'What to bring back')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the plan and verify the archive; change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--keep-daemon-stopped', '--keep-daemon-stopped', [CompletionResultType]::ParameterName, 'Do not start the daemon afterwards')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;reset' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be removed, and remove nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--accept-partial-backup', '--accept-partial-backup', [CompletionResultType]::ParameterName, 'Go on when the session is so damaged that its backup holds it only in part; its files are set aside then')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;doctor' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'Look at the systems behind these plugins, and at nothing else; may be repeated')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Report only these checks; `wpp.session` stands for all that begin so')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Do not report these checks')
            [CompletionResult]::new('--area', '--area', [CompletionResultType]::ParameterName, 'Report only checks of these parts of the catalog, such as security')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'List only findings that are at least this severe, and those that are unknown; the exit code minds all')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Exit with 3 when a finding is at least this severe')
            [CompletionResult]::new('--budget', '--budget', [CompletionResultType]::ParameterName, 'How long the whole look may take; what is not reached by then is unknown')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Look again until nothing is left that would fail the command, for at most so long, such as 60s')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Look again and again until Ctrl-C, every 5s or as often as is said: the whole on a terminal, else a line for each change')
            [CompletionResult]::new('--junit', '--junit', [CompletionResultType]::ParameterName, 'File for the result as JUnit XML, or - for standard output: a case for each check, a failure for each finding that fails the command')
            [CompletionResult]::new('--textfile', '--textfile', [CompletionResultType]::ParameterName, 'File for Prometheus metrics, for the textfile collector, or - for standard output')
            [CompletionResult]::new('--markdown', '--markdown', [CompletionResultType]::ParameterName, 'File for the result as Markdown, or - for standard output')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Say what a check looks at, why, and what mends it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Look at every session')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Apply the remedies that are safe for a machine to apply, and look again')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show what --fix would do')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree to the fixes in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree to the fixes in advance')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Talk to nothing beyond this machine; what would is skipped')
            [CompletionResult]::new('--smoke', '--smoke', [CompletionResultType]::ParameterName, 'Make the checks of files, modes, settings and the machine alone, which need no daemon; for CI')
            [CompletionResult]::new('--smoke-running', '--smoke-running', [CompletionResultType]::ParameterName, 'The same, and the daemon must be up, READY, and answer every endpoint that only reads')
            [CompletionResult]::new('--no-record', '--no-record', [CompletionResultType]::ParameterName, 'Keep nothing of what is found for the next time')
            [CompletionResult]::new('--github', '--github', [CompletionResultType]::ParameterName, 'Write findings as annotations of GitHub Actions too, on stdout, or on stderr beside --format json')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List every check')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;capacity' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'How far back to look')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write the same as a page, which needs no other file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every session of this home, whatever WPP_SESSION says; so it is without --session')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;support-bundle' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The file to write, .tar.gz or .tar.zst [default: wpp-support-<UTC time>.tar.gz in this folder]')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Newest lines of each session''s log')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be written, and write nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the runbooks that wpp brings and your own')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a runbook as it is written')
            [CompletionResult]::new('lint', 'lint', [CompletionResultType]::ParameterValue, 'Say what is wrong with runbooks; exit 3 when something is')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a runbook: look, act, verify, and take back what it began when something deviates')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Go on with a run that was cut off')
            [CompletionResult]::new('undo', 'undo', [CompletionResultType]::ParameterValue, 'Take back what a run began that was cut off, or whose undo failed')
            [CompletionResult]::new('runs', 'runs', [CompletionResultType]::ParameterValue, 'List runs, and which of them are open')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Write a new runbook of your own to begin with')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;runbook;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;lint' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;run' {
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Value of a parameter; may be given several times')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME')
            [CompletionResult]::new('--answer', '--answer', [CompletionResultType]::ParameterName, 'Answer to a question of the runbook, in advance')
            [CompletionResult]::new('--evidence', '--evidence', [CompletionResultType]::ParameterName, 'Keep the evidence in this folder [default: reports/RUN in the home]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--allow-shell', '--allow-shell', [CompletionResultType]::ParameterName, 'Let blocks of kind sh run')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done with these parameters, and do nothing')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree to the plan in advance')
            [CompletionResult]::new('--despite-open', '--despite-open', [CompletionResultType]::ParameterName, 'Begin although an earlier run of it on the same session was cut off, and not taken back')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;resume' {
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME')
            [CompletionResult]::new('--answer', '--answer', [CompletionResultType]::ParameterName, 'Answer to a question of the runbook, in advance')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;undo' {
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME')
            [CompletionResult]::new('--answer', '--answer', [CompletionResultType]::ParameterName, 'Answer to a question of the runbook, in advance')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;runs' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;new' {
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Write it into this file [default: runbooks/ID.md in the home]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--drill', '--drill', [CompletionResultType]::ParameterName, 'A drill that runs in a throw-away sandbox')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;runbook;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the runbooks that wpp brings and your own')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a runbook as it is written')
            [CompletionResult]::new('lint', 'lint', [CompletionResultType]::ParameterValue, 'Say what is wrong with runbooks; exit 3 when something is')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a runbook: look, act, verify, and take back what it began when something deviates')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Go on with a run that was cut off')
            [CompletionResult]::new('undo', 'undo', [CompletionResultType]::ParameterValue, 'Take back what a run began that was cut off, or whose undo failed')
            [CompletionResult]::new('runs', 'runs', [CompletionResultType]::ParameterValue, 'List runs, and which of them are open')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Write a new runbook of your own to begin with')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;runbook;help;list' {
            break
        }
        'wpp;runbook;help;show' {
            break
        }
        'wpp;runbook;help;lint' {
            break
        }
        'wpp;runbook;help;run' {
            break
        }
        'wpp;runbook;help;resume' {
            break
        }
        'wpp;runbook;help;undo' {
            break
        }
        'wpp;runbook;help;runs' {
            break
        }
        'wpp;runbook;help;new' {
            break
        }
        'wpp;runbook;help;help' {
            break
        }
        'wpp;drill' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the drills')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a drill as it is written')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates')
            [CompletionResult]::new('inject', 'inject', [CompletionResultType]::ParameterValue, 'Break something in a sandbox home, or take it back')
            [CompletionResult]::new('recovery', 'recovery', [CompletionResultType]::ParameterValue, 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was')
            [CompletionResult]::new('guard', 'guard', [CompletionResultType]::ParameterValue, 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;drill;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;run' {
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Value of a parameter; may be given several times')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Where a secret comes from; without it, from the variable WPP_SECRET_NAME')
            [CompletionResult]::new('--answer', '--answer', [CompletionResultType]::ParameterName, 'Answer to a question of the runbook, in advance')
            [CompletionResult]::new('--apart-from', '--apart-from', [CompletionResultType]::ParameterName, 'The mount namespace that this process is not in: the sandbox may have a disk of its own')
            [CompletionResult]::new('--evidence', '--evidence', [CompletionResultType]::ParameterName, 'Keep the evidence in this folder [default: reports/RUN in the home]')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Keep the evidence in this folder [default: reports/RUN in the home]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every drill that runs in a sandbox')
            [CompletionResult]::new('--allow-shell', '--allow-shell', [CompletionResultType]::ParameterName, 'Let blocks of kind sh run')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done with these parameters, and do nothing')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree to the plan in advance')
            [CompletionResult]::new('--despite-open', '--despite-open', [CompletionResultType]::ParameterName, 'Begin although an earlier run of it on the same session was cut off, and not taken back')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the sandbox even when all is well')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;inject' {
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'How long what another process holds is held, in seconds')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'clock-jump: how many seconds the clock jumps; back when negative')
            [CompletionResult]::new('--times', '--times', [CompletionResultType]::ParameterName, 'Faults of the server: how often; until it is taken back by default')
            [CompletionResult]::new('--delay-ms', '--delay-ms', [CompletionResultType]::ParameterName, 'slow-network: how late each stanza is')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the faults, and what an operator sees of each')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Take back what lasts until it is taken back')
            [CompletionResult]::new('--helper', '--helper', [CompletionResultType]::ParameterName, 'What is already the process behind a fault')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;recovery' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for READY')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;guard' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;drill;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the drills')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a drill as it is written')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates')
            [CompletionResult]::new('inject', 'inject', [CompletionResultType]::ParameterValue, 'Break something in a sandbox home, or take it back')
            [CompletionResult]::new('recovery', 'recovery', [CompletionResultType]::ParameterValue, 'Wait until the session of a sandbox home is READY, and say how long after the last fault that was')
            [CompletionResult]::new('guard', 'guard', [CompletionResultType]::ParameterValue, 'Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;drill;help;list' {
            break
        }
        'wpp;drill;help;show' {
            break
        }
        'wpp;drill;help;run' {
            break
        }
        'wpp;drill;help;inject' {
            break
        }
        'wpp;drill;help;recovery' {
            break
        }
        'wpp;drill;help;guard' {
            break
        }
        'wpp;drill;help;help' {
            break
        }
        'wpp;dump' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say what a file that is called a dump really is; a stub or a dump without an end is refused')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds')
            [CompletionResult]::new('load', 'load', [CompletionResultType]::ParameterValue, 'Load a dump into an empty database of a server that is there')
            [CompletionResult]::new('servers', 'servers', [CompletionResultType]::ParameterValue, 'List the disposable servers that were kept, and what is left of others that were interrupted')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop a disposable server that was kept, and remove it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;dump;check' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;dump;rehearse' {
            [CompletionResult]::new('--latest', '--latest', [CompletionResultType]::ParameterName, 'The newest dump of this folder or s3://BUCKET/PREFIX in the place of a file')
            [CompletionResult]::new('--younger-than', '--younger-than', [CompletionResultType]::ParameterName, 'The newest dump must be younger than this: 26h, 7d')
            [CompletionResult]::new('--smoke', '--smoke', [CompletionResultType]::ParameterName, 'File of questions that the restored database must answer; without it, only tables and rows are counted')
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'Where the server runs')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Loading may take so many seconds')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'File with a secret key (AGE-SECRET-KEY-1…) that opens encrypted archives; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the passphrase of encrypted archives [default: the variable WPP_BACKUP_PASSPHRASE, else asked for at a terminal]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the server even when all is well')
            [CompletionResult]::new('--discard', '--discard', [CompletionResultType]::ParameterName, 'Keep nothing, even when something deviates')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;dump;load' {
            [CompletionResult]::new('--into', '--into', [CompletionResultType]::ParameterName, 'The empty database: postgres://USER@HOST:PORT/DATABASE, or postgres://USER@/DATABASE?host=FOLDER for a socket')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Name of the secret that is its password: WPP_SECRET_NAME, secrets/NAME, or a command in config.toml')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Loading may take so many seconds')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;dump;servers' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;dump;stop' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;dump;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say what a file that is called a dump really is; a stub or a dump without an end is refused')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Load a dump into a disposable server of PostgreSQL, and ask that what it holds')
            [CompletionResult]::new('load', 'load', [CompletionResultType]::ParameterValue, 'Load a dump into an empty database of a server that is there')
            [CompletionResult]::new('servers', 'servers', [CompletionResultType]::ParameterValue, 'List the disposable servers that were kept, and what is left of others that were interrupted')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop a disposable server that was kept, and remove it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;dump;help;check' {
            break
        }
        'wpp;dump;help;rehearse' {
            break
        }
        'wpp;dump;help;load' {
            break
        }
        'wpp;dump;help;servers' {
            break
        }
        'wpp;dump;help;stop' {
            break
        }
        'wpp;dump;help;help' {
            break
        }
        'wpp;evidence' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List what runbooks and drills left behind')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the report of a run')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Look whether the files of a run are what they were when it ended; exit 4 when one is not')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were')
            [CompletionResult]::new('rotation', 'rotation', [CompletionResultType]::ParameterValue, 'Write the evidence that credentials were rotated: names and times, and no value')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;evidence;list' {
            [CompletionResult]::new('--of', '--of', [CompletionResultType]::ParameterName, 'Only of this runbook or drill')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;evidence;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;evidence;verify' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;evidence;export' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The file to write [default: ID.tar.gz here]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;evidence;rotation' {
            [CompletionResult]::new('--before', '--before', [CompletionResultType]::ParameterName, 'The environment file as it was before')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'The environment file as it is now')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'A name whose value must be another one now; give each')
            [CompletionResult]::new('--scan', '--scan', [CompletionResultType]::ParameterName, 'What the scan for secrets wrote')
            [CompletionResult]::new('--transcript', '--transcript', [CompletionResultType]::ParameterName, 'What another required command wrote, after a label: `doctor=FILE`')
            [CompletionResult]::new('--into', '--into', [CompletionResultType]::ParameterName, 'The folder to write into')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;evidence;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List what runbooks and drills left behind')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the report of a run')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Look whether the files of a run are what they were when it ended; exit 4 when one is not')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a run as one .tar.gz to attach to a ticket, if its files are what they were')
            [CompletionResult]::new('rotation', 'rotation', [CompletionResultType]::ParameterValue, 'Write the evidence that credentials were rotated: names and times, and no value')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;evidence;help;list' {
            break
        }
        'wpp;evidence;help;show' {
            break
        }
        'wpp;evidence;help;verify' {
            break
        }
        'wpp;evidence;help;export' {
            break
        }
        'wpp;evidence;help;rotation' {
            break
        }
        'wpp;evidence;help;help' {
            break
        }
        'wpp;alert' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send a test through every way to every contact; exit 4 when one did not arrive')
            [CompletionResult]::new('matrix', 'matrix', [CompletionResultType]::ParameterValue, 'Show what is done about which finding')
            [CompletionResult]::new('contacts', 'contacts', [CompletionResultType]::ParameterValue, 'Show who is told, in which order, and how they are reached')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show what was told to whom, newest first, and whether it arrived')
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Take on a problem: nobody else is told of it, until it is worse or over')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;alert;run' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show what would be told')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;test' {
            [CompletionResult]::new('--contact', '--contact', [CompletionResultType]::ParameterName, 'Only this contact')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show what would be sent')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;matrix' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;contacts' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;history' {
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many to show')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;ack' {
            [CompletionResult]::new('--subject', '--subject', [CompletionResultType]::ParameterName, 'Only what it says of this, such as one entry of the schedule [default: all that it says]')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Who takes it on [default: $USER]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;alert;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send a test through every way to every contact; exit 4 when one did not arrive')
            [CompletionResult]::new('matrix', 'matrix', [CompletionResultType]::ParameterValue, 'Show what is done about which finding')
            [CompletionResult]::new('contacts', 'contacts', [CompletionResultType]::ParameterValue, 'Show who is told, in which order, and how they are reached')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Show what was told to whom, newest first, and whether it arrived')
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Take on a problem: nobody else is told of it, until it is worse or over')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;alert;help;run' {
            break
        }
        'wpp;alert;help;test' {
            break
        }
        'wpp;alert;help;matrix' {
            break
        }
        'wpp;alert;help;contacts' {
            break
        }
        'wpp;alert;help;history' {
            break
        }
        'wpp;alert;help;ack' {
            break
        }
        'wpp;alert;help;help' {
            break
        }
        'wpp;schedule' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show every entry: when it is due next, and how it went last')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next times at which entries are due')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;schedule;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;schedule;next' {
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many times to show')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;schedule;run' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on until interrupted; what is changed in config.toml and in runbooks counts from then on')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;schedule;install' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--systemd', '--systemd', [CompletionResultType]::ParameterName, 'A timer and a service of your own systemd')
            [CompletionResult]::new('--cron', '--cron', [CompletionResultType]::ParameterName, 'A line in your crontab')
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'Only print what would be written, and write nothing')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Take away what was installed')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;schedule;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show every entry: when it is due next, and how it went last')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next times at which entries are due')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when something failed')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Have something call `wpp schedule run` every minute: a timer of systemd, or cron')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;schedule;help;list' {
            break
        }
        'wpp;schedule;help;next' {
            break
        }
        'wpp;schedule;help;run' {
            break
        }
        'wpp;schedule;help;install' {
            break
        }
        'wpp;schedule;help;help' {
            break
        }
        'wpp;daemon' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'Leave the terminal''s session, so that closing the terminal does not end the daemon')
            [CompletionResult]::new('--leashed', '--leashed', [CompletionResultType]::ParameterName, 'End when standard input does, which is when whoever started it ends, however that was')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show all plugins and what each is allowed')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a plugin, or put other bytes in its place')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take a plugin away with all that was granted to it')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Show what a plugin is, what it asks for and what it is allowed')
            [CompletionResult]::new('grant', 'grant', [CompletionResultType]::ParameterValue, 'Allow a plugin more')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Take back what a plugin was allowed')
            [CompletionResult]::new('accept', 'accept', [CompletionResultType]::ParameterValue, 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Try a plugin against recorded answers, without a network')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Write the start of a plugin: a folder that builds as it is')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Build a plugin''s folder to a component')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;plugin;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;add' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What to call it here [default: the file''s name]')
            [CompletionResult]::new('--grant', '--grant', [CompletionResultType]::ParameterName, 'Allow it this; may be repeated')
            [CompletionResult]::new('--signature', '--signature', [CompletionResultType]::ParameterName, 'Its signature by minisign [default: FILE.minisig, where there is one]')
            [CompletionResult]::new('--public-key', '--public-key', [CompletionResultType]::ParameterName, 'Trust this public key of minisign beside those of plugins.public_keys, this time')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;remove' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;info' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;grant' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;revoke' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;accept' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Agree in advance')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;test' {
            [CompletionResult]::new('--answers', '--answers', [CompletionResultType]::ParameterName, 'The recorded answers: a file, or a folder of files')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Set one of the plugin''s settings; may be repeated')
            [CompletionResult]::new('--grant', '--grant', [CompletionResultType]::ParameterName, 'Allow it this and nothing else; may be repeated [default: the recording''s origins and grants]')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Judge only this check; may be repeated')
            [CompletionResult]::new('--act', '--act', [CompletionResultType]::ParameterName, 'Call what changes something, too: all of it, or what is named')
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The session to act on [default: the first one]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;plugin;new' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'What it is to be: checks for the doctor, a place where notices go, or a gateway to WhatsApp')
            [CompletionResult]::new('--language', '--language', [CompletionResultType]::ParameterName, 'What to write it in')
            [CompletionResult]::new('--folder', '--folder', [CompletionResultType]::ParameterName, 'Where to write it, into a folder that is not there yet or is empty [default: NAME]')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;plugin;build' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;plugin;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show all plugins and what each is allowed')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a plugin, or put other bytes in its place')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take a plugin away with all that was granted to it')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Show what a plugin is, what it asks for and what it is allowed')
            [CompletionResult]::new('grant', 'grant', [CompletionResultType]::ParameterValue, 'Allow a plugin more')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Take back what a plugin was allowed')
            [CompletionResult]::new('accept', 'accept', [CompletionResultType]::ParameterValue, 'Take plugins.lock as it is, which somebody else than `wpp plugin` changed')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Try a plugin against recorded answers, without a network')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Write the start of a plugin: a folder that builds as it is')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Build a plugin''s folder to a component')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;plugin;help;list' {
            break
        }
        'wpp;plugin;help;add' {
            break
        }
        'wpp;plugin;help;remove' {
            break
        }
        'wpp;plugin;help;info' {
            break
        }
        'wpp;plugin;help;grant' {
            break
        }
        'wpp;plugin;help;revoke' {
            break
        }
        'wpp;plugin;help;accept' {
            break
        }
        'wpp;plugin;help;test' {
            break
        }
        'wpp;plugin;help;new' {
            break
        }
        'wpp;plugin;help;build' {
            break
        }
        'wpp;plugin;help;help' {
            break
        }
        'wpp;channel' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show all channels')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask a channel''s system how it is')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message through a channel')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;channel;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;channel;health' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;channel;send' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Whom to; as configured when it is left out')
            [CompletionResult]::new('--title', '--title', [CompletionResultType]::ParameterName, 'A heading')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Two messages with the same key are the same, for systems that can tell [default: a new one]')
            [CompletionResult]::new('--problem', '--problem', [CompletionResultType]::ParameterName, 'The problem that it is about: systems that can keep those about the same one together')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'How much it matters; ok says that the problem is over')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;channel;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show all channels')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask a channel''s system how it is')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message through a channel')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;channel;help;list' {
            break
        }
        'wpp;channel;help;health' {
            break
        }
        'wpp;channel;help;send' {
            break
        }
        'wpp;channel;help;help' {
            break
        }
        'wpp;webhook' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the webhooks of a gateway')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Have a test event sent, and say what its receiver answered')
            [CompletionResult]::new('failures', 'failures', [CompletionResultType]::ParameterValue, 'Show events that could not be delivered')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Turn a webhook on')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Turn a webhook off')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Deliver a failed event again')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;webhook;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;test' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;failures' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;enable' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;disable' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;retry' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;webhook;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the webhooks of a gateway')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Have a test event sent, and say what its receiver answered')
            [CompletionResult]::new('failures', 'failures', [CompletionResultType]::ParameterValue, 'Show events that could not be delivered')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Turn a webhook on')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Turn a webhook off')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Deliver a failed event again')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;webhook;help;list' {
            break
        }
        'wpp;webhook;help;test' {
            break
        }
        'wpp;webhook;help;failures' {
            break
        }
        'wpp;webhook;help;enable' {
            break
        }
        'wpp;webhook;help;disable' {
            break
        }
        'wpp;webhook;help;retry' {
            break
        }
        'wpp;webhook;help;help' {
            break
        }
        'wpp;config' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;simulator' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written: text for people, json for programs (an event a line, then the result)')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Loopback address to listen on; port 0 takes any')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Send one request to the simulator that runs in this home, and end')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong or was asked for')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Make the home a sandbox if it does not exist yet')
            [CompletionResult]::new('--detach', '--detach', [CompletionResultType]::ParameterName, 'Go to the background as soon as it listens')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'What is already in the background: it leaves the terminal''s session')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'End the simulator that runs in this home')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wpp;help' {
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start the session''s daemon and wait until it is READY or asks for a phone')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Drain and end the session''s daemon')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop and start the daemon, proving each stage')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say where the session stands and why')
            [CompletionResult]::new('reauth', 'reauth', [CompletionResultType]::ParameterValue, 'Link the session to a phone, by QR code or pair code')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message, once, and wait for the server''s acknowledgement')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find stored messages by their words')
            [CompletionResult]::new('chats', 'chats', [CompletionResultType]::ParameterValue, 'List chats')
            [CompletionResult]::new('messages', 'messages', [CompletionResultType]::ParameterValue, 'List stored messages')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Show what happens in the session, as it happens or as it was kept')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show the daemon''s log')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Keep the connection or give it up, without ending the daemon')
            [CompletionResult]::new('outbound', 'outbound', [CompletionResultType]::ParameterValue, 'Pause and resume sending, and list the outbox')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Make, list, show and verify archives of sessions')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring a session back from an archive')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Last resort: back the session up, verify the archive, remove the session')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look at the host, the home and the session, say what is wrong, and mend it with --fix')
            [CompletionResult]::new('capacity', 'capacity', [CompletionResultType]::ParameterValue, 'Measure what sessions take and how that grows, and say how many more fit')
            [CompletionResult]::new('support-bundle', 'support-bundle', [CompletionResultType]::ParameterValue, 'Gather what somebody who helps needs to know, with nobody in it')
            [CompletionResult]::new('runbook', 'runbook', [CompletionResultType]::ParameterValue, 'Run the documents that say what to do: list, check, run, resume and undo them')
            [CompletionResult]::new('drill', 'drill', [CompletionResultType]::ParameterValue, 'Rehearse failures and recovery in a throw-away sandbox')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server')
            [CompletionResult]::new('evidence', 'evidence', [CompletionResultType]::ParameterValue, 'List, show, verify and export what runbooks and drills left behind')
            [CompletionResult]::new('alert', 'alert', [CompletionResultType]::ParameterValue, 'Tell people what the doctor finds, and see that it reaches them')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Run what is due: backups, drills and runbooks at their times')
            [CompletionResult]::new('daemon', 'daemon', [CompletionResultType]::ParameterValue, 'Run the session''s daemon in the foreground')
            [CompletionResult]::new('plugin', 'plugin', [CompletionResultType]::ParameterValue, 'Add, allow and remove plugins: checks, and channels such as gateways and notices')
            [CompletionResult]::new('channel', 'channel', [CompletionResultType]::ParameterValue, 'Ask channels how they are, and send through them')
            [CompletionResult]::new('webhook', 'webhook', [CompletionResultType]::ParameterValue, 'List, test, switch and retry the webhooks of a gateway')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('simulator', 'simulator', [CompletionResultType]::ParameterValue, 'Run the loopback WhatsApp of a sandbox home, or ask it to do something')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;help;start' {
            break
        }
        'wpp;help;stop' {
            break
        }
        'wpp;help;restart' {
            break
        }
        'wpp;help;status' {
            break
        }
        'wpp;help;reauth' {
            break
        }
        'wpp;help;send' {
            break
        }
        'wpp;help;search' {
            break
        }
        'wpp;help;chats' {
            break
        }
        'wpp;help;messages' {
            break
        }
        'wpp;help;events' {
            break
        }
        'wpp;help;logs' {
            break
        }
        'wpp;help;sync' {
            break
        }
        'wpp;help;outbound' {
            break
        }
        'wpp;help;backup' {
            break
        }
        'wpp;help;restore' {
            break
        }
        'wpp;help;reset' {
            break
        }
        'wpp;help;doctor' {
            break
        }
        'wpp;help;capacity' {
            break
        }
        'wpp;help;support-bundle' {
            break
        }
        'wpp;help;runbook' {
            break
        }
        'wpp;help;drill' {
            break
        }
        'wpp;help;dump' {
            break
        }
        'wpp;help;evidence' {
            break
        }
        'wpp;help;alert' {
            break
        }
        'wpp;help;schedule' {
            break
        }
        'wpp;help;daemon' {
            break
        }
        'wpp;help;plugin' {
            break
        }
        'wpp;help;channel' {
            break
        }
        'wpp;help;webhook' {
            break
        }
        'wpp;help;config' {
            break
        }
        'wpp;help;simulator' {
            break
        }
        'wpp;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
