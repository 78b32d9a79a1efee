#compdef smtp-ping

autoload -U is-at-least

_smtp-ping() {
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
'*-p+[The ports to connect to, a record for each \[default\: 25; 465 with --implicit, 24 with --lmtp\]]:PORT,…:_default' \
'*--port=[The ports to connect to, a record for each \[default\: 25; 465 with --implicit, 24 with --lmtp\]]:PORT,…:_default' \
'*--rcpt=[Ask whether this recipient is accepted, without sending (repeatable); \`-\`\: the record'\''s \`address\`]:ADDRESS:_default' \
'--from=[The sender to ask with]:ADDRESS:_default' \
'--connect-timeout=[The most time to wait for the connection]:TIME:_default' \
'--reply-timeout=[The most time to wait for each reply, the greeting included]:TIME:_default' \
'--expect-name=[The greeting and the EHLO reply give this name, or the status is fail]:NAME:_default' \
'*--expect-keyword=[This is offered, or the status is fail\: a keyword, or one of its parameters as AUTH=PLAIN (repeatable)]:KEYWORD:_default' \
'--warn-days=[Fail if a certificate of the server ends within N days]:N:_default' \
'--ehlo=[The name to give in EHLO \[default\: the host'\''s name, else the literal of its address\]]:NAME:_default' \
'--helo=[The name to give in EHLO \[default\: the host'\''s name, else the literal of its address\]]:NAME:_default' \
'--source=[The address to connect from]:ADDRESS:_default' \
'--per-host=[The most sessions with one address at a time \[default\: 1; smtp-send\: as many as -j\]]:N:_default' \
'*--auth=[Log in with the first of these mechanisms that is offered; \`any\`\: the strongest one \[default\: any with --auth-user\]]:MECH,…:_default' \
'--auth-user=[The user to log in as]:USER:_default' \
'--auth-password=[The password, or the token of XOAUTH2 and OAUTHBEARER; others on this machine can read it in the command line]:PASSWORD:_default' \
'--auth-password-file=[The file whose first line is the password; without one of these it is asked for on the terminal]:FILE:_files' \
'*--dns=[Ask this DNS server instead of the system'\''s\: ADDRESS\[\:PORT\], udp\://…, tcp\://…, tls\://HOST\[\:PORT\], https\://HOST\[\:PORT\]\[/PATH\]; HOST\: ADDRESS, NAME or NAME@ADDRESS (repeatable)]:SERVER:_default' \
'--tls=[What is demanded of TLS]:LEVEL:((none\:"Do not use STARTTLS"
may\:"Use it where it is offered"
require\:"Hand nothing over without TLS"
verify\:"Hand nothing over without a certificate that verifies"))' \
'--ca=[Trust the certificates of this PEM file instead of the system'\''s]:FILE:_files' \
'--cert=[Show this PEM file'\''s certificate to a server that asks for one; its key may be in it too]:FILE:_files' \
'--key=[The PEM file with the key of --cert]:FILE:_files' \
'--tls-min=[The oldest version of TLS to speak\: 1.2, 1.3 \[default\: 1.2\]]:VERSION:_default' \
'--tls-max=[The newest version of TLS to speak\: 1.2, 1.3 \[default\: 1.3\]]:VERSION:_default' \
'--sni=[Ask for this name (SNI) instead of the host'\''s; the certificate must still be for the host]:NAME:_default' \
'--rate=[Begin at most N targets a second]:N:_default' \
'--max-line=[The longest input line taken, in bytes]:BYTES:_default' \
'--color=[When to use colour; NO_COLOR is honoured too]:WHEN:((auto\:"On a terminal"
always\:"Always"
never\:"Never"))' \
'--explain=[Say what a code means and what to do, and end]:CODE:_default' \
'--timeout=[The most time a target may take\: 10, 10s, 500ms, 2m]:TIME:_default' \
'-j+[The most targets worked on at a time, up to 10000]:N:_default' \
'--concurrency=[The most targets worked on at a time, up to 10000]:N:_default' \
'--first[Stop at the first address that works\: exactly one record]' \
'--reuse[Ask the same host, address and port once in a run, and give the first result again]' \
'--expect-tls[The session is encrypted, or the status is fail]' \
'--no-ptr[Do not look up the names of the addresses]' \
'--lmtp[Speak LMTP (RFC 2033); the port is then 24]' \
'--allow-private[Connect also to addresses of this machine or link that a DNS MX names]' \
'--auth-insecure[Give the password also to a server without TLS]' \
'--implicit[TLS from the first byte; also on port 465]' \
'--pem[Put the certificates themselves into the record, in PEM]' \
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
'*::targets -- Hosts, or records of mxlookup; none or `-`\: one a line from stdin:_default' \
&& ret=0
}

(( $+functions[_smtp-ping_commands] )) ||
_smtp-ping_commands() {
    local commands; commands=()
    _describe -t commands 'smtp-ping commands' commands "$@"
}

if [ "$funcstack[1]" = "_smtp-ping" ]; then
    _smtp-ping "$@"
else
    compdef _smtp-ping smtp-ping
fi
