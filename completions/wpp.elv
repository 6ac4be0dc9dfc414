
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
            cand config 'Show every setting, its value and where it comes from'
            cand help 'Print this message or the help of the given subcommand(s)'
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
        &'wpp;help'= {
            cand config 'Show every setting, its value and where it comes from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'wpp;help;config'= {
        }
        &'wpp;help;help'= {
        }
    ]
    $completions[$command]
}
