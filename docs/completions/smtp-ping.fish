complete -c smtp-ping -s p -l port -d 'The ports to connect to, a record for each [default: 25; 465 with --implicit, 24 with --lmtp]' -r
complete -c smtp-ping -l rcpt -d 'Ask whether this recipient is accepted, without sending (repeatable); `-`: the record\'s `address`' -r
complete -c smtp-ping -l from -d 'The sender to ask with' -r
complete -c smtp-ping -l connect-timeout -d 'The most time to wait for the connection' -r
complete -c smtp-ping -l reply-timeout -d 'The most time to wait for each reply, the greeting included' -r
complete -c smtp-ping -l expect-name -d 'The greeting and the EHLO reply give this name, or the status is fail' -r
complete -c smtp-ping -l expect-keyword -d 'This is offered, or the status is fail: a keyword, or one of its parameters as AUTH=PLAIN (repeatable)' -r
complete -c smtp-ping -l warn-days -d 'Fail if a certificate of the server ends within N days' -r
complete -c smtp-ping -l ehlo -l helo -d 'The name to give in EHLO [default: the host\'s name, else the literal of its address]' -r
complete -c smtp-ping -l source -d 'The address to connect from' -r
complete -c smtp-ping -l per-host -d 'The most sessions with one address at a time [default: 1; smtp-send: as many as -j]' -r
complete -c smtp-ping -l auth -d 'Log in with the first of these mechanisms that is offered; `any`: the strongest one [default: any with --auth-user]' -r
complete -c smtp-ping -l auth-user -d 'The user to log in as' -r
complete -c smtp-ping -l auth-password -d 'The password, or the token of XOAUTH2 and OAUTHBEARER; others on this machine can read it in the command line' -r
complete -c smtp-ping -l auth-password-file -d 'The file whose first line is the password; without one of these it is asked for on the terminal' -r -F
complete -c smtp-ping -l dns -d 'Ask this DNS server instead of the system\'s: ADDRESS[:PORT], udp://…, tcp://…, tls://HOST[:PORT], https://HOST[:PORT][/PATH]; HOST: ADDRESS, NAME or NAME@ADDRESS (repeatable)' -r
complete -c smtp-ping -l tls -d 'What is demanded of TLS' -r -f -a "none\t'Do not use STARTTLS'
may\t'Use it where it is offered'
require\t'Hand nothing over without TLS'
verify\t'Hand nothing over without a certificate that verifies'"
complete -c smtp-ping -l ca -d 'Trust the certificates of this PEM file instead of the system\'s' -r -F
complete -c smtp-ping -l cert -d 'Show this PEM file\'s certificate to a server that asks for one; its key may be in it too' -r -F
complete -c smtp-ping -l key -d 'The PEM file with the key of --cert' -r -F
complete -c smtp-ping -l tls-min -d 'The oldest version of TLS to speak: 1.2, 1.3 [default: 1.2]' -r
complete -c smtp-ping -l tls-max -d 'The newest version of TLS to speak: 1.2, 1.3 [default: 1.3]' -r
complete -c smtp-ping -l sni -d 'Ask for this name (SNI) instead of the host\'s; the certificate must still be for the host' -r
complete -c smtp-ping -l rate -d 'Begin at most N targets a second' -r
complete -c smtp-ping -l max-line -d 'The longest input line taken, in bytes' -r
complete -c smtp-ping -l color -d 'When to use colour; NO_COLOR is honoured too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c smtp-ping -l explain -d 'Say what a code means and what to do, and end' -r
complete -c smtp-ping -l timeout -d 'The most time a target may take: 10, 10s, 500ms, 2m' -r
complete -c smtp-ping -s j -l concurrency -d 'The most targets worked on at a time, up to 10000' -r
complete -c smtp-ping -l first -d 'Stop at the first address that works: exactly one record'
complete -c smtp-ping -l reuse -d 'Ask the same host, address and port once in a run, and give the first result again'
complete -c smtp-ping -l expect-tls -d 'The session is encrypted, or the status is fail'
complete -c smtp-ping -l no-ptr -d 'Do not look up the names of the addresses'
complete -c smtp-ping -l lmtp -d 'Speak LMTP (RFC 2033); the port is then 24'
complete -c smtp-ping -l allow-private -d 'Connect also to addresses of this machine or link that a DNS MX names'
complete -c smtp-ping -l auth-insecure -d 'Give the password also to a server without TLS'
complete -c smtp-ping -l implicit -d 'TLS from the first byte; also on port 465'
complete -c smtp-ping -l pem -d 'Put the certificates themselves into the record, in PEM'
complete -c smtp-ping -s 4 -d 'Use IPv4 only'
complete -c smtp-ping -s 6 -d 'Use IPv6 only'
complete -c smtp-ping -l ordered -d 'Keep the order of the input, within a window of ten times -j'
complete -c smtp-ping -l retry -d 'Take records that come in as `unknown` as targets again'
complete -c smtp-ping -l json -d 'Write JSON Lines, as in a pipe'
complete -c smtp-ping -l text -d 'Write text, as on a terminal'
complete -c smtp-ping -s v -l verbose -d 'Say on stderr what is done, word by word'
complete -c smtp-ping -s q -l quiet -d 'Say nothing on stderr'
complete -c smtp-ping -l exit-zero -d 'Exit with 0 whatever the targets came to'
complete -c smtp-ping -l schema -d 'Print the JSON schema of the records, and end'
complete -c smtp-ping -s h -l help -d 'Print help (see more with \'--help\')'
complete -c smtp-ping -s V -l version -d 'Print version'
