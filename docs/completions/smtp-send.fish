complete -c smtp-send -s t -l to -d 'A recipient (repeatable, or separated by commas)' -r
complete -c smtp-send -l cc -d 'A recipient of a copy' -r
complete -c smtp-send -l bcc -d 'A recipient whom no header names' -r
complete -c smtp-send -s f -l from -d 'The envelope sender, `<>` for none [default: $USER at the host\'s name]' -r
complete -c smtp-send -s s -l server -d 'The server to hand the message to, instead of the MX of each recipient\'s domain' -r
complete -c smtp-send -s p -l port -d 'The port to connect to [default: 25; 465 with --implicit, 24 with --lmtp]' -r
complete -c smtp-send -l subject -d 'The subject' -r
complete -c smtp-send -l body -d 'The text; `@FILE` reads a file, `-` stdin' -r
complete -c smtp-send -l header -l add-header -d 'A header of its own, as `Name: value` (repeatable)' -r
complete -c smtp-send -s d -l data -d 'The whole message, headers included; `@FILE` reads a file, `-` stdin' -r
complete -c smtp-send -l quit-after -d 'Take leave after this phase, before the message is sent' -r -f -a "banner\t''
first-ehlo\t''
tls\t''
ehlo\t''
auth\t''
mail\t''
rcpt\t''"
complete -c smtp-send -l connect-timeout -d 'The most time to wait for the connection' -r
complete -c smtp-send -l reply-timeout -d 'The most time to wait for each reply [default: those of RFC 5321 section 4.5.3.2]' -r
complete -c smtp-send -l ehlo -l helo -d 'The name to give in EHLO [default: the host\'s name, else the literal of its address]' -r
complete -c smtp-send -l source -d 'The address to connect from' -r
complete -c smtp-send -l per-host -d 'The most sessions with one address at a time [default: 1; smtp-send: as many as -j]' -r
complete -c smtp-send -l auth -d 'Log in with the first of these mechanisms that is offered; `any`: the strongest one [default: any with --auth-user]' -r
complete -c smtp-send -l auth-user -d 'The user to log in as' -r
complete -c smtp-send -l auth-password -d 'The password, or the token of XOAUTH2 and OAUTHBEARER; others on this machine can read it in the command line' -r
complete -c smtp-send -l auth-password-file -d 'The file whose first line is the password; without one of these it is asked for on the terminal' -r -F
complete -c smtp-send -l dns -d 'Ask this DNS server instead of the system\'s: ADDRESS[:PORT], udp://…, tcp://…, tls://HOST[:PORT], https://HOST[:PORT][/PATH]; HOST: ADDRESS, NAME or NAME@ADDRESS (repeatable)' -r
complete -c smtp-send -l tls -d 'What is demanded of TLS' -r -f -a "none\t'Do not use STARTTLS'
may\t'Use it where it is offered'
require\t'Hand nothing over without TLS'
verify\t'Hand nothing over without a certificate that verifies'"
complete -c smtp-send -l ca -d 'Trust the certificates of this PEM file instead of the system\'s' -r -F
complete -c smtp-send -l cert -d 'Show this PEM file\'s certificate to a server that asks for one; its key may be in it too' -r -F
complete -c smtp-send -l key -d 'The PEM file with the key of --cert' -r -F
complete -c smtp-send -l tls-min -d 'The oldest version of TLS to speak: 1.2, 1.3 [default: 1.2]' -r
complete -c smtp-send -l tls-max -d 'The newest version of TLS to speak: 1.2, 1.3 [default: 1.3]' -r
complete -c smtp-send -l sni -d 'Ask for this name (SNI) instead of the host\'s; the certificate must still be for the host' -r
complete -c smtp-send -l rate -d 'Begin at most N targets a second' -r
complete -c smtp-send -l max-line -d 'The longest input line taken, in bytes' -r
complete -c smtp-send -l color -d 'When to use colour; NO_COLOR is honoured too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c smtp-send -l explain -d 'Say what a code means and what to do, and end' -r
complete -c smtp-send -l timeout -d 'The most time a target may take: 10, 10s, 500ms, 2m' -r
complete -c smtp-send -s j -l concurrency -d 'The most targets worked on at a time, up to 10000' -r
complete -c smtp-send -l lmtp -d 'Speak LMTP (RFC 2033); the port is then 24'
complete -c smtp-send -l allow-private -d 'Connect also to addresses of this machine or link that a DNS MX names'
complete -c smtp-send -l auth-insecure -d 'Give the password also to a server without TLS'
complete -c smtp-send -l implicit -d 'TLS from the first byte; also on port 465'
complete -c smtp-send -l pem -d 'Put the certificates themselves into the record, in PEM'
complete -c smtp-send -s 4 -d 'Use IPv4 only'
complete -c smtp-send -s 6 -d 'Use IPv6 only'
complete -c smtp-send -l ordered -d 'Keep the order of the input, within a window of ten times -j'
complete -c smtp-send -l retry -d 'Take records that come in as `unknown` as targets again'
complete -c smtp-send -l json -d 'Write JSON Lines, as in a pipe'
complete -c smtp-send -l text -d 'Write text, as on a terminal'
complete -c smtp-send -s v -l verbose -d 'Say on stderr what is done, word by word'
complete -c smtp-send -s q -l quiet -d 'Say nothing on stderr'
complete -c smtp-send -l exit-zero -d 'Exit with 0 whatever the targets came to'
complete -c smtp-send -l schema -d 'Print the JSON schema of the records, and end'
complete -c smtp-send -s h -l help -d 'Print help (see more with \'--help\')'
complete -c smtp-send -s V -l version -d 'Print version'
