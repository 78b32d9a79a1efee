#compdef myip

autoload -U is-at-least

_myip() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'*--via=[Ask this source instead of the built-in ones\: a URL, dns\:NAME@SERVER\[\:PORT\]\[/TYPE\], stun\:HOST\[\:PORT\] or interface (repeatable)]:SOURCE:_default' \
'--quorum=[How many sources must name the same address; never more than there are]:N:_default' \
'--helo=[Check a name for EHLO\: whether it leads to the address, and is a PTR name of it]:NAME:_default' \
'--connect-timeout=[The most time to wait for the connection to a source]:TIME:_default' \
'*--dns=[Ask this DNS server instead of the system'\''s\: ADDRESS\[\:PORT\], udp\://…, tcp\://…, tls\://HOST\[\:PORT\], https\://HOST\[\:PORT\]\[/PATH\]; HOST\: ADDRESS, NAME or NAME@ADDRESS (repeatable)]:SERVER:_default' \
'--ca=[Trust the certificates of this PEM file instead of the system'\''s]:FILE:_files' \
'--rate=[Begin at most N targets a second]:N:_default' \
'--max-line=[The longest input line taken, in bytes]:BYTES:_default' \
'--color=[When to use colour; NO_COLOR is honoured too]:WHEN:((auto\:"On a terminal"
always\:"Always"
never\:"Never"))' \
'--explain=[Say what a code means and what to do, and end]:CODE:_default' \
'--timeout=[The most time a target may take\: 10, 10s, 500ms, 2m]:TIME:_default' \
'-j+[The most targets worked on at a time, up to 10000]:N:_default' \
'--concurrency=[The most targets worked on at a time, up to 10000]:N:_default' \
'--all[Wait for all sources, not only for enough of them]' \
'(--json --text)--name[Print the name to give in EHLO and nothing else; that of the IPv4 address unless -6]' \
'--allow-private[Take also addresses that are not public]' \
'-4[Use IPv4 only]' \
'-6[Use IPv6 only]' \
'--ordered[Keep the order of the input, within a window of ten times -j]' \
'--retry[Take records that come in as \`unknown\` as targets again]' \
'(--text)--json[Write JSON Lines, as in a pipe]' \
'--text[Write text, as on a terminal]' \
'(-q --quiet)-v[Say on stderr what is done, word by word]' \
'(-q --quiet)--verbose[Say on stderr what is done, word by word]' \
'-q[Say nothing on stderr]' \
'--quiet[Say nothing on stderr]' \
'--exit-zero[Exit with 0 whatever the targets came to]' \
'--schema[Print the JSON schema of the records, and end]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::targets -- Addresses, or records with an `ip`, to look up; `-`\: one a line from stdin; none\: this machine:_default' \
&& ret=0
}

(( $+functions[_myip_commands] )) ||
_myip_commands() {
    local commands; commands=()
    _describe -t commands 'myip commands' commands "$@"
}

if [ "$funcstack[1]" = "_myip" ]; then
    _myip "$@"
else
    compdef _myip myip
fi
