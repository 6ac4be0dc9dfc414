
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
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand start 'Start the session''s daemon and wait until it is READY or asks for a phone'
            cand stop 'Drain and end the session''s daemon'
            cand restart 'Stop and start the daemon, proving each stage'
            cand status 'Say where the session stands and why'
            cand reauth 'Link the session to a phone, by QR code or pair code'
            cand drill 'Rehearse failures and recovery in a throw-away sandbox'
            cand config 'Show every setting, its value and where it comes from'
            cand simulator 'Run the loopback WhatsApp of a sandbox home'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;start'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;stop'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand --force 'Kill the daemon when it does not end within the drain timeout'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;restart'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand --force 'Kill the daemon when it does not end within the drain timeout'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;status'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand --all 'Every session of this home'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;reauth'= {
            cand --png 'Also write each QR code to this PNG file'
            cand --pair-code 'Ask for a code to type on this phone instead of a QR code; international form'
            cand --timeout 'How long to wait for the phone, in seconds'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;drill'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the drills'
            cand run 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;drill;list'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;drill;run'= {
            cand --report 'Write report.md and report.json into this folder [default: reports/ in the home]'
            cand --timeout 'Give up after this many seconds'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand --keep 'Keep the sandbox even when all is well'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;drill;help'= {
            cand list 'List the drills'
            cand run 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;drill;help;list'= {
        }
        &'wpp;drill;help;run'= {
        }
        &'wpp;drill;help;help'= {
        }
        &'wpp;config'= {
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;simulator'= {
            cand --listen 'Loopback address to listen on; port 0 takes any'
            cand --ask 'Send one request to the simulator that runs in this home, and end'
            cand --home 'Folder that holds everything [default: $WPP_HOME, else ~/.wpp]'
            cand -s 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --session 'Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]'
            cand --format 'How results are written'
            cand --create 'Make the home a sandbox if it does not exist yet'
            cand -q 'Say nothing unless something is wrong'
            cand --quiet 'Say nothing unless something is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wpp;help'= {
            cand start 'Start the session''s daemon and wait until it is READY or asks for a phone'
            cand stop 'Drain and end the session''s daemon'
            cand restart 'Stop and start the daemon, proving each stage'
            cand status 'Say where the session stands and why'
            cand reauth 'Link the session to a phone, by QR code or pair code'
            cand drill 'Rehearse failures and recovery in a throw-away sandbox'
            cand config 'Show every setting, its value and where it comes from'
            cand simulator 'Run the loopback WhatsApp of a sandbox home'
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
        &'wpp;help;drill'= {
            cand list 'List the drills'
            cand run 'Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates'
        }
        &'wpp;help;drill;list'= {
        }
        &'wpp;help;drill;run'= {
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
