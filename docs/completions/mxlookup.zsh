#compdef mxlookup

autoload -U is-at-least

_mxlookup() {
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
'--https-port=[Fetch policies from this port]:PORT:_default' \
'--trust-anchor=[Validate from the DNSKEY and DS records in this file instead of the root'\''s keys]:FILE:_files' \
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
'--stable[Sort hosts of equal preference by name instead of shuffling them]' \
'(--ptr)--no-addresses[Look up the MX only, not the addresses of the hosts]' \
'--ptr[Look up the names of the addresses, and whether they lead back]' \
'(--no-addresses)--tlsa[Look up what certificate each host says it has (DANE, RFC 7672), where the host is signed]' \
'--mta-sts[Look up what TLS the domain asks of those who send to it (MTA-STS, RFC 8461), and fetch that policy]' \
'--tlsrpt[Look up where the domain wants reports on TLS (RFC 8460)]' \
'--allow-private[Fetch policies also from addresses of this machine or link]' \
'(--dnssec)--trust-ad[Believe what the DNS servers say of DNSSEC (the AD bit) \[default\: one on this machine, or as resolv.conf says\]]' \
'--dnssec[Validate every answer from the root down (DNSSEC), whoever gives it]' \
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
'*::targets -- Domains, mail addresses or address literals; none or `-`\: one a line from stdin:_default' \
&& ret=0
}

(( $+functions[_mxlookup_commands] )) ||
_mxlookup_commands() {
    local commands; commands=()
    _describe -t commands 'mxlookup commands' commands "$@"
}

if [ "$funcstack[1]" = "_mxlookup" ]; then
    _mxlookup "$@"
else
    compdef _mxlookup mxlookup
fi
