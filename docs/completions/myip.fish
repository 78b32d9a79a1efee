complete -c myip -l via -d 'Ask this source instead of the built-in ones: a URL, dns:NAME@SERVER[:PORT][/TYPE], stun:HOST[:PORT] or interface (repeatable)' -r
complete -c myip -l quorum -d 'How many sources must name the same address; never more than there are' -r
complete -c myip -l helo -d 'Check a name for EHLO: whether it leads to the address, and is a PTR name of it' -r
complete -c myip -l connect-timeout -d 'The most time to wait for the connection to a source' -r
complete -c myip -l dns -d 'Ask this DNS server instead of the system\'s: ADDRESS[:PORT], udp://…, tcp://…, tls://HOST[:PORT], https://HOST[:PORT][/PATH]; HOST: ADDRESS, NAME or NAME@ADDRESS (repeatable)' -r
complete -c myip -l ca -d 'Trust the certificates of this PEM file instead of the system\'s' -r -F
complete -c myip -l rate -d 'Begin at most N targets a second' -r
complete -c myip -l max-line -d 'The longest input line taken, in bytes' -r
complete -c myip -l color -d 'When to use colour; NO_COLOR is honoured too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c myip -l explain -d 'Say what a code means and what to do, and end' -r
complete -c myip -l timeout -d 'The most time a target may take: 10, 10s, 500ms, 2m' -r
complete -c myip -s j -l concurrency -d 'The most targets worked on at a time, up to 10000' -r
complete -c myip -l all -d 'Wait for all sources, not only for enough of them'
complete -c myip -l name -d 'Print the name to give in EHLO and nothing else; that of the IPv4 address unless -6'
complete -c myip -l allow-private -d 'Take also addresses that are not public'
complete -c myip -s 4 -d 'Use IPv4 only'
complete -c myip -s 6 -d 'Use IPv6 only'
complete -c myip -l ordered -d 'Keep the order of the input, within a window of ten times -j'
complete -c myip -l retry -d 'Take records that come in as `unknown` as targets again'
complete -c myip -l json -d 'Write JSON Lines, as in a pipe'
complete -c myip -l text -d 'Write text, as on a terminal'
complete -c myip -s v -l verbose -d 'Say on stderr what is done, word by word'
complete -c myip -s q -l quiet -d 'Say nothing on stderr'
complete -c myip -l exit-zero -d 'Exit with 0 whatever the targets came to'
complete -c myip -l schema -d 'Print the JSON schema of the records, and end'
complete -c myip -s h -l help -d 'Print help (see more with \'--help\')'
complete -c myip -s V -l version -d 'Print version'
