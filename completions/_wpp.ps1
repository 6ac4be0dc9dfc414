
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
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start the session''s daemon and wait until it is READY or asks for a phone')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Drain and end the session''s daemon')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop and start the daemon, proving each stage')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say where the session stands and why')
            [CompletionResult]::new('reauth', 'reauth', [CompletionResultType]::ParameterValue, 'Link the session to a phone, by QR code or pair code')
            [CompletionResult]::new('drill', 'drill', [CompletionResultType]::ParameterValue, 'Rehearse failures and recovery in a throw-away sandbox')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('simulator', 'simulator', [CompletionResultType]::ParameterValue, 'Run the loopback WhatsApp of a sandbox home')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;start' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;stop' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Kill the daemon when it does not end within the drain timeout')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;restart' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Kill the daemon when it does not end within the drain timeout')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;status' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every session of this home')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;reauth' {
            [CompletionResult]::new('--png', '--png', [CompletionResultType]::ParameterName, 'Also write each QR code to this PNG file')
            [CompletionResult]::new('--pair-code', '--pair-code', [CompletionResultType]::ParameterName, 'Ask for a code to type on this phone instead of a QR code; international form')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for the phone, in seconds')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;drill' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the drills')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;drill;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;drill;run' {
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write report.md and report.json into this folder [default: reports/ in the home]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this many seconds')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the sandbox even when all is well')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;drill;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the drills')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'wpp;drill;help;list' {
            break
        }
        'wpp;drill;help;run' {
            break
        }
        'wpp;drill;help;help' {
            break
        }
        'wpp;config' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;simulator' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Loopback address to listen on; port 0 takes any')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Send one request to the simulator that runs in this home, and end')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Make the home a sandbox if it does not exist yet')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing unless something is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wpp;help' {
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start the session''s daemon and wait until it is READY or asks for a phone')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Drain and end the session''s daemon')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop and start the daemon, proving each stage')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say where the session stands and why')
            [CompletionResult]::new('reauth', 'reauth', [CompletionResultType]::ParameterValue, 'Link the session to a phone, by QR code or pair code')
            [CompletionResult]::new('drill', 'drill', [CompletionResultType]::ParameterValue, 'Rehearse failures and recovery in a throw-away sandbox')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show every setting, its value and where it comes from')
            [CompletionResult]::new('simulator', 'simulator', [CompletionResultType]::ParameterValue, 'Run the loopback WhatsApp of a sandbox home')
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
        'wpp;help;drill' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the drills')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates')
            break
        }
        'wpp;help;drill;list' {
            break
        }
        'wpp;help;drill;run' {
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
